package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"sigs.k8s.io/yaml"
)

// configFiles returns the content of the configuration files of all programs by path. On a server, all of them are
// written before the first program starts: containerd reads the network configuration at its start, and without one the
// kubelet reports the node as not ready.
func configFiles(n node) (map[string]string, error) {
	files := map[string]string{containerdConfigFile: containerdConfig(n.snapshotter)}
	registries, err := os.ReadFile(registriesFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // k3d writes the file only if it is configured to
		return nil, fmt.Errorf("the registry mirrors could not be read: %w", err)
	}
	hosts, err := registryMirrors(registries)
	if err != nil {
		return nil, err
	}
	for host, content := range hosts {
		files[registryHosts+"/"+host+"/hosts.toml"] = content
	}
	if files[kubeletConfigFile], err = kubeletConfig(n.kubernetes); err != nil || n.isAgent() {
		return files, err // an agent needs no kubeadm, and learns its range of pod addresses later
	}
	if files[kubeadmConfigFile], err = kubeadmConfig(n); err != nil {
		return nil, err
	}
	files[cniConfigFile], err = podNetworkConfig(nodePodSubnet)
	return files, err
}

// containerdConfig returns the configuration of containerd, as TOML. It is short enough to be written without a
// library.
func containerdConfig(snapshotter string) string {
	return fmt.Sprintf(`version = 2
root = %q

[grpc]
  address = %q

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  # A machine without CAP_SYS_RESOURCE rejects the negative scores that some pods get.
  restrict_oom_score_adj = true
  # As in k3s, containers that do not run as root may listen on port 80.
  enable_unprivileged_ports = true

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "/etc/cni/net.d"

[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = %q

[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = %q
`, dataDirectory+"/agent/containerd", containerdSocket, pauseImage, snapshotter, registryHosts)
}

// podNetworkConfig returns the CNI configuration for a range of pod addresses. It routes to each pod instead of bridging the pods, so that a reply
// from one pod to another passes the rules of kube-proxy without the kernel module br_netfilter. The addresses in use
// are recorded on a tmpfs, because all pods that use them end together with the container.
func podNetworkConfig(podRange string) (string, error) {
	text, err := json.MarshalIndent(object{
		"cniVersion": "0.4.0",
		"name":       "pods",
		"plugins": []object{
			{"type": "ptp", "ipMasq": true, "ipam": object{
				"type":    "host-local",
				"dataDir": "/run/cni",
				"ranges":  [][]object{{{"subnet": podRange}}},
				"routes":  []object{{"dst": "0.0.0.0/0"}},
			}},
			{"type": "portmap", "capabilities": object{"portMappings": true}},
		},
	}, "", "  ")
	return string(text) + "\n", err
}

// kubeletConfig returns the KubeletConfiguration as YAML.
func kubeletConfig(version kubernetesVersion) (string, error) {
	config := object{
		"apiVersion":     "kubelet.config.k8s.io/v1beta1",
		"kind":           "KubeletConfiguration",
		"authentication": object{"anonymous": object{"enabled": false}, "webhook": object{"enabled": true}, "x509": object{"clientCAFile": pkiDirectory + "/ca.crt"}},
		"authorization":  object{"mode": "Webhook"},
		"clusterDNS":     []string{clusterDNS},
		"clusterDomain":  clusterDomain,
		"cgroupDriver":   "cgroupfs",
		"failSwapOn":     false,
		"oomScoreAdj":    0, // a negative score needs CAP_SYS_RESOURCE
		"maxPods":        250,
		// The disk belongs to the whole machine: do not delete images or evict pods because other programs fill it.
		"imageGCHighThresholdPercent": 100,
		"evictionHard":                object{"nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%"},
		// Kubeflow starts sixty pods at the same time.
		"serializeImagePulls": false,
		"registryPullQPS":     0,
		"kubeAPIQPS":          100,
		"kubeAPIBurst":        200,
		// After a restart, a node that is ready again is reported as not ready for up to this time.
		"nodeStatusUpdateFrequency": "2s",
		// The files of a running pod follow a change of a ConfigMap within this time: k3d changes CoreDNS's ConfigMap.
		"syncFrequency": "10s",
	}
	if version.minor >= 35 {
		config["failCgroupV1"] = false // by default, this kubelet does not start on a machine with cgroup v1
	}
	text, err := yaml.Marshal(config)
	return string(text), err
}
