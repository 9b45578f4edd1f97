"""An offline mirror and image cache for Kubernetes classes on minikube."""

__version__ = "0.1.0"
