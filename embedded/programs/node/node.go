package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Where things are. The directories of rancher are those of k3s, because k3d and people look there
// (pkg/types/k3s/paths.go); what must outlive the container is below dataDirectory, which is a volume.
const (
	dataDirectory       = "/var/lib/rancher/k3s"
	pkiDirectory        = dataDirectory + "/server/tls"
	manifestDirectory   = dataDirectory + "/server/manifests"
	kubeconfigDirectory = "/etc/kubernetes"
	logDirectory        = "/var/log"

	adminKubeconfig      = "/etc/rancher/k3s/k3s.yaml" // $KUBECONFIG in the image
	registriesFile       = "/etc/rancher/k3s/registries.yaml"
	registryHosts        = "/etc/containerd/certs.d"
	containerdConfigFile = "/etc/containerd/config.toml"
	containerdSocket     = "/run/containerd/containerd.sock"
	cniConfigFile        = "/etc/cni/net.d/10-pods.conflist"
	kubeletConfigFile    = "/etc/kubernetes/kubelet.yaml"
	kubeadmConfigFile    = "/etc/kubernetes/kubeadm.yaml"
)

// The networks are those of k3s, so that the tutorial's output is what a reader sees.
const (
	podSubnet     = "10.42.0.0/16"
	nodePodSubnet = "10.42.0.0/24" // what k3s gives to the first node, and this is the only one
	serviceSubnet = "10.43.0.0/16"
	clusterDNS    = "10.43.0.10"
	clusterDomain = "cluster.local"
	etcdURL       = "http://127.0.0.1:2379"
	pauseImage    = "rancher/mirrored-pause:3.6" // of k3s 1.25
)

// node is the machine as its programs see it.
type node struct {
	options
	name    string
	address string // changes when Docker starts the container again
}

// prepare makes the container fit for Kubernetes and writes all configuration that does not need another program.
func prepare(o options) (node, error) {
	name, err := os.Hostname()
	if err != nil {
		return node{}, fmt.Errorf("the node has no host name: %w", err)
	}
	interfaces, err := net.Interfaces()
	if err != nil {
		return node{}, fmt.Errorf("the network interfaces could not be listed: %w", err)
	}
	address, err := firstAddress(interfaces)
	if err != nil {
		return node{}, err
	}
	n := node{options: o, name: name, address: address}

	if err := shareMounts(); err != nil {
		return node{}, err
	}
	if err := leaveRootCgroup("/sys/fs/cgroup"); err != nil {
		return node{}, err
	}
	if err := keepVolumes(); err != nil {
		return node{}, err
	}
	if err := chooseIptables("/usr/sbin", "/proc/net/ip_tables_names"); err != nil {
		return node{}, err
	}
	// Everything kubeadm made for this address and these names is made again, as are the mirrors; the authorities and
	// the key of the service accounts stay, so what was issued before the restart stays valid.
	stale, _ := filepath.Glob(pkiDirectory + "/apiserver*")
	for _, path := range append(stale, kubeconfigDirectory, registryHosts) {
		if err := os.RemoveAll(path); err != nil {
			return node{}, fmt.Errorf("what an earlier start left could not be removed: %w", err)
		}
	}
	files, err := configuration(n)
	if err != nil {
		return node{}, err
	}
	for path, content := range files {
		if err := write(path, content, 0o644); err != nil {
			return node{}, err
		}
	}
	return n, writeShippedManifests(manifestDirectory, o.disabled)
}

// bringUp starts the programs, each as soon as what it waits for has happened, and returns only when something has
// gone wrong that is not the death of a program.
func bringUp(n node, children *supervisor, started time.Time) error {
	happened := map[event]chan struct{}{}
	for _, each := range events {
		happened[each] = make(chan struct{})
	}
	failed := make(chan error)
	for _, each := range services(n) {
		go func(each service) {
			for _, event := range each.after {
				<-happened[event]
			}
			if err := children.start(each.name, each.argv); err != nil {
				failed <- err
			}
		}(each)
	}
	go func() {
		waitForSocket(containerdSocket)
		close(happened[containerdServes])
	}()
	go func() {
		if err := makeCertificates(); err != nil {
			failed <- err
			return
		}
		close(happened[certificatesExist])
		api, err := makeKubeconfigs(n)
		if err != nil {
			failed <- err
			return
		}
		close(happened[kubeconfigsWritten])
		api.waitForReady()
		close(happened[apiServes])
		since := func() time.Duration { return time.Since(started).Round(10 * time.Millisecond) }
		// k3d waits for these words (pkg/types/k3slogs.go) before it starts the load balancer. k3s too says them when
		// its API server is ready, which may be before its node is.
		log.Printf("k3s is up and running (upstream Kubernetes, the API server is ready after %v)", since())
		go deploy(manifestDirectory)
		go newVolumeOpener(volumeDirectory).openForever()
		api.waitForNode(n.name, started)
		log.Printf("the node %s is Ready after %v", n.name, since())
	}()
	return <-failed
}

func waitForSocket(path string) {
	for {
		if connection, err := net.Dial("unix", path); err == nil {
			connection.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// firstAddress gives the address other containers of the cluster's network reach this node by. Docker numbers the
// interfaces in the order of the networks, and k3d's network is the first.
func firstAddress(interfaces []net.Interface) (string, error) {
	var seen []string
	for _, each := range interfaces {
		addresses, err := each.Addrs()
		if err != nil || each.Flags&net.FlagUp == 0 {
			continue
		}
		for _, address := range addresses {
			seen = append(seen, each.Name+" "+address.String())
			network, ok := address.(*net.IPNet)
			if ok && network.IP.To4() != nil && network.IP.IsGlobalUnicast() {
				return network.IP.String(), nil
			}
		}
	}
	return "", fmt.Errorf("expected an interface with an IPv4 address other containers can reach, seen %q; is the container attached to a network?", seen)
}

func write(path, content string, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("no directory for %s: %w", path, err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		return fmt.Errorf("%s could not be written: %w", path, err)
	}
	return nil
}
