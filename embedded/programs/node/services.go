package main

import (
	"fmt"
	"slices"
)

// event is a milestone of the start for which a program may have to wait.
type event string

const (
	containerdReady     event = "containerd is ready"
	certificatesWritten event = "the certificates are written"
	kubeconfigsWritten  event = "the kubeconfigs are written"
	apiServerReady      event = "the API server is ready"
)

var events = []event{containerdReady, certificatesWritten, kubeconfigsWritten, apiServerReady}

// runsOnAgents has the programs of an agent.
var runsOnAgents = map[string]bool{"containerd": true, "kube-proxy": true, "kubelet": true}

// service is one of the programs of the node.
type service struct {
	name  string
	after []event // the events for which its start waits
	argv  []string
}

// services returns the programs in the order of their dependencies; they are stopped in the reverse order. Programs
// start at the same time if their events have happened. The others wait, because the API server determines the duration
// of the whole start: on two processors, a program that starts too early only slows the API server down.
func services(n node) []service {
	pki := func(name string) string { return pkiDirectory + "/" + name }
	conf := func(name string) string { return kubeconfigDirectory + "/" + name }
	all := []service{
		{"etcd", nil, []string{"etcd",
			"--data-dir=" + dataDirectory + "/server/db/etcd",
			"--listen-client-urls=" + etcdURL,
			"--advertise-client-urls=" + etcdURL,
			"--listen-peer-urls=http://127.0.0.1:2380",
			"--initial-advertise-peer-urls=http://127.0.0.1:2380",
			"--initial-cluster=default=http://127.0.0.1:2380",
			"--unsafe-no-fsync", // after a power failure, the lab is built again
		}},
		{"containerd", nil, []string{"containerd", "--config=" + containerdConfigFile}},
		{"kube-apiserver", []event{certificatesWritten}, []string{"kube-apiserver",
			"--etcd-servers=" + etcdURL,
			fmt.Sprintf("--secure-port=%d", n.port),
			"--advertise-address=" + n.address,
			// This is the only API server, so the address of an earlier start leaves the Service kubernetes
			// immediately.
			"--endpoint-reconciler-type=master-count",
			"--service-cluster-ip-range=" + serviceSubnet,
			"--allow-privileged=true",
			"--enable-bootstrap-token-auth=true", // for agents
			"--authorization-mode=Node,RBAC",
			"--enable-admission-plugins=NodeRestriction",
			"--client-ca-file=" + pki("ca.crt"),
			"--tls-cert-file=" + pki("apiserver.crt"),
			"--tls-private-key-file=" + pki("apiserver.key"),
			"--kubelet-client-certificate=" + pki("apiserver-kubelet-client.crt"),
			"--kubelet-client-key=" + pki("apiserver-kubelet-client.key"),
			"--kubelet-preferred-address-types=InternalIP,Hostname",
			"--proxy-client-cert-file=" + pki("front-proxy-client.crt"),
			"--proxy-client-key-file=" + pki("front-proxy-client.key"),
			"--requestheader-client-ca-file=" + pki("front-proxy-ca.crt"),
			"--requestheader-allowed-names=front-proxy-client",
			"--requestheader-extra-headers-prefix=X-Remote-Extra-",
			"--requestheader-group-headers=X-Remote-Group",
			"--requestheader-username-headers=X-Remote-User",
			"--service-account-issuer=https://kubernetes.default.svc." + clusterDomain,
			"--service-account-key-file=" + pki("sa.pub"),
			"--service-account-signing-key-file=" + pki("sa.key"),
		}},
		{"kube-controller-manager", []event{kubeconfigsWritten, apiServerReady}, []string{"kube-controller-manager",
			"--kubeconfig=" + conf("controller-manager.conf"),
			"--authentication-kubeconfig=" + conf("controller-manager.conf"),
			"--authorization-kubeconfig=" + conf("controller-manager.conf"),
			"--leader-elect=false",
			"--use-service-account-credentials=true",
			"--allocate-node-cidrs=false", // see apiClient.waitForNode
			"--root-ca-file=" + pki("ca.crt"),
			"--client-ca-file=" + pki("ca.crt"),
			"--requestheader-client-ca-file=" + pki("front-proxy-ca.crt"),
			"--cluster-signing-cert-file=" + pki("ca.crt"),
			"--cluster-signing-key-file=" + pki("ca.key"),
			"--service-account-private-key-file=" + pki("sa.key"),
			"--enable-hostpath-provisioner=true", // the StorageClass local-path
			"--kube-api-qps=100",                 // Kubeflow is 600 objects at the same time
			"--kube-api-burst=200",
		}},
		{"kube-scheduler", []event{kubeconfigsWritten, apiServerReady}, []string{"kube-scheduler",
			"--kubeconfig=" + conf("scheduler.conf"),
			"--authentication-kubeconfig=" + conf("scheduler.conf"),
			"--authorization-kubeconfig=" + conf("scheduler.conf"),
			"--leader-elect=false",
		}},
		{"kube-proxy", []event{kubeconfigsWritten, apiServerReady}, []string{"kube-proxy",
			"--kubeconfig=" + conf("kube-proxy.conf"),
			"--hostname-override=" + n.name,
			"--bind-address=" + n.address, // without it, kube-proxy waits for the Node object to get the address
			"--cluster-cidr=" + podSubnet,
			"--proxy-mode=iptables",
			// The limits of connection tracking belong to the machine: a container is not allowed to change them.
			"--conntrack-max-per-core=0",
			"--conntrack-tcp-timeout-established=0",
			"--conntrack-tcp-timeout-close-wait=0",
		}},
		{"kubelet", []event{kubeconfigsWritten, containerdReady}, []string{"kubelet",
			"--config=" + kubeletConfigFile,
			"--kubeconfig=" + conf("kubelet.conf"),
			"--container-runtime-endpoint=unix://" + containerdSocket,
			"--hostname-override=" + n.name,
			"--node-ip=" + n.address,
		}},
	}
	if n.kubernetes.minor >= 32 {
		// Debian's etcd is older than the request that streamed lists need, so each would fail before it is repeated as
		// an ordinary one.
		manager := slices.IndexFunc(all, func(program service) bool { return program.name == "kube-controller-manager" })
		all[manager].argv = append(all[manager].argv, "--feature-gates=WatchListClient=false")
	}
	if !n.isAgent() {
		return all
	}
	kubelet := &all[len(all)-1]
	kubelet.argv = append(kubelet.argv, "--bootstrap-kubeconfig="+conf(bootstrapKubeconfig))
	return slices.DeleteFunc(all, func(program service) bool { return !runsOnAgents[program.name] })
}
