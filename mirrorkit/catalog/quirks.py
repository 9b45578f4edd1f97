"""Quirks: where minikube releases differ in what works with a mirror."""

from __future__ import annotations

from enum import StrEnum


class Quirk(StrEnum):
    """A way of one release or another; `facts/minikube.md` has the code and the issues."""

    IMAGE_REPOSITORY_FLAG_REJECTS_DIGIT_LABELS = "image_repository_flag_rejects_digit_labels"
    """`--image-repository` with an address or a digit in a later label silently means `auto`."""
    KICBASE_TAG_USES_IMAGE_TAG = "kicbase_tag_uses_image_Tag"
    """kicbase's tag is split off by a function that takes no more than one colon."""
    IMAGE_TAG_BREAKS_REGISTRY_PORT = "image_Tag_breaks_registry_port"
    """That function takes a registry's port for a tag."""
    KICBASE_BREAKS_WITH_REGISTRY_PORT = "kicbase_breaks_with_registry_port"
    """Both: kicbase cannot come from a registry with a port (#23227)."""
    DAEMON_IMAGE_ALWAYS_WRONG_ARCH = "daemon_image_always_wrong_arch"
    """A kicbase that Docker holds already is never used (#19661)."""
    CACHED_KICBASE_STILL_NEEDS_DIGEST_PULL = "cached_kicbase_still_needs_digest_pull"
    """A kicbase pinned by digest is pulled although it is cached (#13768)."""
    DOT_LOCAL_IS_PLAIN_HTTP = "dot_local_is_plain_http_in_ggcr"
    """Names that end in .local are asked by plain HTTP on the host."""
    COREDNS_TAG_LOOKUP_OVER_NETWORK = "coredns_tag_lookup_over_network_for_unknown_k8s"
    """For an unlisted Kubernetes the registry is asked for tags, and the last one is taken."""
    KUBEADM_RUN_ON_HOST = "kubeadm_run_on_host_for_unknown_k8s"
    """For an unlisted Kubernetes kubeadm is downloaded past the mirror and run on the host."""
    CRI_DOCKERD_GETS_PAUSE_IMAGE = "cri_dockerd_gets_pause_image"
    """cri-dockerd is told the pause image; without, it asks for its own (#14624)."""
    CACHE_HAS_ARCH_SUBDIR = "cache_has_arch_subdir"
    """Images and kicbase are cached below the architecture's name."""
    BINARY_CACHE_HAS_ARCH_SUBDIR = "binary_cache_has_arch_subdir"
    """Kubernetes' binaries are cached below the architecture's name."""
    PRELOAD_NEEDS_CHECKSUM_FROM_GCS_API = "preload_needs_checksum_from_gcs_api"
    """A downloaded preload is thrown away when Google's API cannot be asked for its checksum."""
    CALICO_FOLLOWS_IMAGE_REPOSITORY = "calico_follows_image_repository"
    """calico's images are asked below `--image-repository`."""
    UNKNOWN_NEWER_KUBERNETES_CHECKED_ON_GITHUB = "unknown_newer_k8s_checked_on_github"
    """An unlisted newer Kubernetes is looked up at GitHub, which ends a start without network."""
    CONTAINERD_HOSTS_TOML = "containerd_hosts_toml"
    """containerd reads certs.d/HOST/hosts.toml in the node: a mirror can be transparent."""
    EXISTING_CLUSTER_IMAGE_REPOSITORY_UPDATED = "existing_cluster_image_repository_updated"
    """A second start of a profile takes a new `--image-repository`; no release does."""
