"""Starting minikube against a mirror: what a start asks, by which flags, files and variables."""
