"""What Aliyun's copies of minikube's images are called.

After minikube's own table (assets/aliyun_mirror.go, every release from v1.24.0 to v1.38.1) and the
rules of images.go and cache.go; names are canonical. What none of them names, minikube does not
look for there, and neither do we.
"""

from __future__ import annotations

from typing import Final

ALIYUN: Final = "registry.cn-hangzhou.aliyuncs.com"
_GROUP: Final = "google_containers"

# Each under the last part of its path.
_FLAT: Final = {
    "registry.k8s.io": """
        addon-resizer busybox cluster-autoscaler coredns coredns/coredns defaultbackend echoserver
        elasticsearch etcd etcd-amd64 exechealthz-amd64 flannel-amd64 fluentd-elasticsearch heapster
        heapster-amd64 heapster-grafana-amd64 heapster-influxdb-amd64 heapster_grafana
        heapster_influxdb ingress-nginx/kube-webhook-certgen k8s-dns-dnsmasq-nanny-amd64
        k8s-dns-kube-dns-amd64 k8s-dns-node-cache k8s-dns-sidecar-amd64 kube-addon-manager
        kube-addon-manager-amd64 kube-apiserver kube-apiserver-amd64 kube-controller-manager
        kube-controller-manager-amd64 kube-cross kube-dnsmasq-amd64 kube-proxy kube-proxy-amd64
        kube-registry-proxy kube-scheduler kube-scheduler-amd64 kube-state-metrics kubedns-amd64
        kubernetes-dashboard-amd64 metrics-server-amd64 metrics-server/metrics-server
        minikube-nvidia-driver-installer mongodb-install nginx-slim nvidia-gpu-device-plugin pause
        pause-amd64 sig-storage/csi-attacher sig-storage/csi-external-health-monitor-agent
        sig-storage/csi-external-health-monitor-controller sig-storage/csi-node-driver-registrar
        sig-storage/csi-provisioner sig-storage/csi-resizer sig-storage/csi-snapshotter
        sig-storage/hostpathplugin sig-storage/livenessprobe sig-storage/snapshot-controller spark
        spartakus-amd64 zeppelin
    """,
    "gcr.io": """
        google-samples/freshpod google_containers/kube-registry-proxy google_containers/pause
        k8s-minikube/auto-pause-hook k8s-minikube/gcp-auth-webhook k8s-minikube/gvisor-addon
        k8s-minikube/kicbase k8s-minikube/minikube-ingress-dns k8s-minikube/storage-provisioner
        kubernetes-helm/tiller
    """,
    "docker.io": """
        calico/cni calico/kube-controllers calico/node coredns/coredns
        cryptexlabs/minikube-ingress-dns heketi/heketi ivans3/minikube-log-viewer
        jettech/kube-webhook-certgen kicbase/minikube-ingress-dns kindest/kindnetd
        kubernetesui/dashboard kubernetesui/metrics-scraper library/registry
        nvidia/k8s-device-plugin upmcenterprises/registry-creds
    """,
    "quay.io": """
        datawire/ambassador-operator kubernetes-ingress-controller/nginx-ingress-controller
        nixpanic/glusterfs-server operator-framework/olm
        operator-framework/upstream-community-operators prometheus/alertmanager
        prometheus/prometheus rhdevelopers/core-dns-patcher
    """,
}
_RENAMED: Final = {
    "registry.k8s.io/ingress-nginx/controller": f"{_GROUP}/nginx-ingress-controller",
    "docker.io/gluster/gluster-centos": f"{_GROUP}/glusterfs-server",
    "gcr.io/cloud-builders/gcs-fetcher": "cloud-builders/gcs-fetcher",
    "quay.io/kubernetes-service-catalog/service-catalog": (
        "kubernetes-service-catalog/service-catalog"
    ),
}

_COREOS: Final = """
    configmap-reload grafana-watcher hyperkube kube-rbac-proxy kube-state-metrics monitoring-grafana
    prometheus-config-reloader prometheus-operator
"""

REPOSITORIES: Final = {
    **{
        f"{registry}/{path}": f"{_GROUP}/{path.rpartition('/')[2]}"
        for registry, paths in _FLAT.items()
        for path in paths.split()
    },
    **{f"quay.io/coreos/{name}": f"coreos_containers/{name}" for name in _COREOS.split()},
    **_RENAMED,
}
"""The repository at Aliyun for each canonical name (registry and repository)."""
