"""What docker, containerd, podman and kubeadm are told, so that they pull from the mirror."""
