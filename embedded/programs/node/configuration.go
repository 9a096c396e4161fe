package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"sigs.k8s.io/yaml"
)

// configuration gives the files the programs are configured by, by path. They are all written before a program starts:
// containerd reads the network's at its start, and the kubelet calls a node without one not ready.
func configuration(n node) (map[string]string, error) {
	files := map[string]string{containerdConfigFile: containerdConfig(n.snapshotter)}
	registries, err := os.ReadFile(registriesFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // k3d writes none unless told to
		return nil, fmt.Errorf("the registry mirrors could not be read: %w", err)
	}
	hosts, err := registryMirrors(registries)
	if err != nil {
		return nil, err
	}
	for host, content := range hosts {
		files[registryHosts+"/"+host+"/hosts.toml"] = content
	}
	if files[kubeadmConfigFile], err = kubeadmConfig(n); err != nil {
		return nil, err
	}
	if files[kubeletConfigFile], err = kubeletConfig(); err != nil {
		return nil, err
	}
	files[cniConfigFile], err = podNetwork()
	return files, err
}

// containerdConfig is TOML, and short enough to need no library for it.
func containerdConfig(snapshotter string) string {
	return fmt.Sprintf(`version = 2
root = %q

[grpc]
  address = %q

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  # A machine that lacks CAP_SYS_RESOURCE refuses the scores below zero that pods are given.
  restrict_oom_score_adj = true
  # As in k3s: containers that do not run as root may listen on port 80.
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

// podNetwork routes to each pod, instead of bridging them: so a reply from one pod to another passes the rules of
// kube-proxy without the kernel module br_netfilter. The addresses in use are noted on a tmpfs, for with the container
// end all pods that use them.
func podNetwork() (string, error) {
	text, err := json.MarshalIndent(object{
		"cniVersion": "0.4.0",
		"name":       "pods",
		"plugins": []object{
			{"type": "ptp", "ipMasq": true, "ipam": object{
				"type":    "host-local",
				"dataDir": "/run/cni",
				"ranges":  [][]object{{{"subnet": nodePodSubnet}}},
				"routes":  []object{{"dst": "0.0.0.0/0"}},
			}},
			{"type": "portmap", "capabilities": object{"portMappings": true}},
		},
	}, "", "  ")
	return string(text) + "\n", err
}

func kubeletConfig() (string, error) {
	text, err := yaml.Marshal(object{
		"apiVersion":     "kubelet.config.k8s.io/v1beta1",
		"kind":           "KubeletConfiguration",
		"authentication": object{"anonymous": object{"enabled": false}, "webhook": object{"enabled": true}, "x509": object{"clientCAFile": pkiDirectory + "/ca.crt"}},
		"authorization":  object{"mode": "Webhook"},
		"clusterDNS":     []string{clusterDNS},
		"clusterDomain":  clusterDomain,
		"cgroupDriver":   "cgroupfs",
		"failSwapOn":     false,
		"oomScoreAdj":    0, // below zero needs CAP_SYS_RESOURCE
		"maxPods":        250,
		// The disk is the whole machine's: neither delete images nor end pods because others fill it.
		"imageGCHighThresholdPercent": 100,
		"evictionHard":                object{"nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%"},
		// Kubeflow starts sixty pods at once.
		"serializeImagePulls": false,
		"registryPullQPS":     0,
		"kubeAPIQPS":          100,
		"kubeAPIBurst":        200,
		// After a restart this is how long a node that is ready again is thought not to be.
		"nodeStatusUpdateFrequency": "2s",
		// A ConfigMap that changes reaches the files of a running pod within this: k3d changes that of CoreDNS.
		"syncFrequency": "10s",
	})
	return string(text), err
}
