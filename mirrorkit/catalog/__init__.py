"""What each minikube release and Kubernetes version needs: queries on data built from facts."""
