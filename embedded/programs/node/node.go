package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Paths of files and directories. The directories of rancher are those of k3s, because k3d (pkg/types/k3s/paths.go) and
// users expect them; data that must outlive the container is below dataDirectory, which is a volume.
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

// The networks are those of k3s, so that the output of commands matches the tutorial.
const (
	podSubnet     = "10.42.0.0/16"
	nodePodSubnet = "10.42.0.0/24" // the range that k3s assigns to the first node, which is the server
	serviceSubnet = "10.43.0.0/16"
	clusterDNS    = "10.43.0.10"
	clusterDomain = "cluster.local"
	etcdURL       = "http://127.0.0.1:2379"
	pauseImage    = "rancher/mirrored-pause:3.6" // the image of k3s 1.25 to 1.34
)

// node describes the Kubernetes node for the programs that run on it.
type node struct {
	options
	name       string
	address    string // changes when Docker restarts the container
	kubernetes kubernetesVersion
}

// prepare prepares the container for Kubernetes and writes all configuration that does not need another program.
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
	kubernetes, err := findKubernetesVersion()
	if err != nil {
		return node{}, err
	}
	n := node{options: o, name: name, address: address, kubernetes: kubernetes}

	if err := shareMounts(); err != nil {
		return node{}, err
	}
	if err := leaveRootCgroup("/sys/fs/cgroup"); err != nil {
		return node{}, err
	}
	if err := linkVolumeDirectory(); err != nil {
		return node{}, err
	}
	if err := chooseIptables("/usr/sbin", "/proc/net/ip_tables_names"); err != nil {
		return node{}, err
	}
	// The files that kubeadm has created for this address and these names are created again, as are the mirrors. The
	// certificate authorities and the key of the service accounts are kept, so that certificates and tokens from before
	// the restart remain valid.
	stale, _ := filepath.Glob(pkiDirectory + "/apiserver*")
	for _, path := range append(stale, kubeconfigDirectory, registryHosts) {
		if err := os.RemoveAll(path); err != nil {
			return node{}, fmt.Errorf("files of an earlier start could not be removed: %w", err)
		}
	}
	files, err := configFiles(n)
	if err != nil {
		return node{}, err
	}
	for path, content := range files {
		if err := writeFile(path, content, 0o644); err != nil {
			return node{}, err
		}
	}
	if n.isAgent() {
		return n, nil
	}
	return n, writeManifests(manifestDirectory, n)
}

// startServices starts each program as soon as the events for which it waits have happened. It returns only if the
// start fails; the supervisor reports programs that exit.
func startServices(n node, children *supervisor, started time.Time) error {
	happened := map[event]chan struct{}{}
	for _, event := range events {
		happened[event] = make(chan struct{})
	}
	failed := make(chan error)
	for _, program := range services(n) {
		go func(program service) {
			for _, event := range program.after {
				<-happened[event]
			}
			if err := children.start(program.name, program.argv); err != nil {
				failed <- err
			}
		}(program)
	}
	go func() {
		waitForSocket(containerdSocket)
		close(happened[containerdReady])
	}()
	elapsed := func() time.Duration { return time.Since(started).Round(10 * time.Millisecond) }
	if n.isAgent() {
		go func() {
			api, podRange, err := join(n)
			if err != nil {
				failed <- err
				return
			}
			close(happened[kubeconfigsWritten])
			close(happened[apiServerReady])
			go newRouter(n, api).run()
			api.waitForNode(n.name, podRange, started)
			// k3d waits for this text (pkg/types/k3slogs.go).
			log.Printf("Successfully registered node %s, which is Ready after %v", n.name, elapsed())
		}()
		return <-failed
	}
	go func() {
		if err := createCertificates(); err != nil {
			failed <- err
			return
		}
		close(happened[certificatesWritten])
		api, err := createKubeconfigs(n)
		if err != nil {
			failed <- err
			return
		}
		close(happened[kubeconfigsWritten])
		api.waitForReady()
		close(happened[apiServerReady])
		// k3d waits for "k3s is up and running" (pkg/types/k3slogs.go) before it starts the load balancer. k3s also
		// logs it when its API server is ready, which may be before its node is ready.
		log.Printf("k3s is up and running (upstream Kubernetes, the API server is ready after %v)", elapsed())
		go deployManifests(manifestDirectory)
		go newVolumeOpener(volumeDirectory).run()
		go api.bindVolumes(n.name)
		go newRouter(n, api).run()
		api.waitForNode(n.name, nodePodSubnet, started)
		log.Printf("the node %s is Ready after %v", n.name, elapsed())
		api.admitAgents(n.token)
	}()
	return <-failed
}

// waitForSocket returns when a program accepts connections to a Unix socket.
func waitForSocket(path string) {
	for {
		if connection, err := net.Dial("unix", path); err == nil {
			connection.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// firstAddress returns the address at which other containers of the cluster's network reach this node. Docker numbers
// the interfaces in the order of the networks, and k3d's network is the first.
func firstAddress(interfaces []net.Interface) (string, error) {
	var seen []string
	for _, device := range interfaces {
		addresses, err := device.Addrs()
		if err != nil || device.Flags&net.FlagUp == 0 {
			continue
		}
		for _, address := range addresses {
			seen = append(seen, device.Name+" "+address.String())
			network, ok := address.(*net.IPNet)
			if ok && network.IP.To4() != nil && network.IP.IsGlobalUnicast() {
				return network.IP.String(), nil
			}
		}
	}
	return "", fmt.Errorf("no interface with an IPv4 address that other containers can reach, seen %q; check that the container is attached to a network", seen)
}

// writeFile writes a file, and creates its directory if necessary.
func writeFile(path, content string, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("the directory of %s could not be created: %w", path, err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		return fmt.Errorf("%s could not be written: %w", path, err)
	}
	return nil
}
