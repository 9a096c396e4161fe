package main

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// An agent joins with a bootstrap token of Kubernetes, which server and agent derive from k3d's token: the kubelet
// requests its certificate with it, and kube-proxy and this program use it as their credentials.
const (
	bootstrapKubeconfig = "bootstrap.conf"
	bootstrapGroup      = "system:bootstrappers" // of all bootstrap tokens
	agentRole           = "lab:agents"
	authorityPath       = "/api/v1/namespaces/kube-system/configmaps/kube-root-ca.crt"
)

// bootstrapToken returns the ID and the secret of the bootstrap token, which have a fixed length.
func bootstrapToken(token string) (id, secret string) {
	digest := sha256.Sum256([]byte(token))
	text := hex.EncodeToString(digest[:])
	return text[:6], text[6:22]
}

// agentObjects returns the objects that admit agents, by the path to which they are posted.
func agentObjects(token string) map[string][]object {
	id, secret := bootstrapToken(token)
	const rbac = "rbac.authorization.k8s.io"
	bindings := []object{}
	for _, role := range []string{
		"system:node-bootstrapper", // may request a certificate
		"system:certificates.k8s.io:certificatesigningrequests:nodeclient", // the controller manager approves the request
		"system:node-proxier",
		agentRole,
	} {
		bindings = append(bindings, object{
			"apiVersion": rbac + "/v1", "kind": "ClusterRoleBinding",
			"metadata": object{"name": agentRole + ":" + role},
			"roleRef":  object{"apiGroup": rbac, "kind": "ClusterRole", "name": role},
			"subjects": []object{{"apiGroup": rbac, "kind": "Group", "name": bootstrapGroup}},
		})
	}
	return map[string][]object{
		"/api/v1/namespaces/kube-system/secrets": {{
			"apiVersion": "v1", "kind": "Secret", "type": "bootstrap.kubernetes.io/token",
			"metadata":   object{"name": "bootstrap-token-" + id},
			"stringData": object{"token-id": id, "token-secret": secret, "usage-bootstrap-authentication": "true"},
		}},
		"/apis/" + rbac + "/v1/clusterroles": {{
			"apiVersion": rbac + "/v1", "kind": "ClusterRole", "metadata": object{"name": agentRole},
			"rules": []object{
				{"apiGroups": []string{""}, "resources": []string{"nodes"}, "verbs": []string{"get", "list", "patch"}},
				{"apiGroups": []string{""}, "resources": []string{"configmaps"}, "verbs": []string{"get"}, "resourceNames": []string{filepath.Base(authorityPath)}},
			},
		}},
		"/apis/" + rbac + "/v1/clusterrolebindings": bindings,
	}
}

// admitAgents creates the objects that admit agents, and returns when all of them exist. After a restart they exist
// already, and stay as they are.
func (c *apiClient) admitAgents(token string) {
	if token == "" {
		return // the node was started without k3d
	}
	for path, objects := range agentObjects(token) {
		for _, obj := range objects {
			body, _ := json.Marshal(obj) // consists of texts only
			name := obj["metadata"].(object)["name"].(string)
			for ; c.do(http.MethodGet, path+"/"+name, "") == nil; time.Sleep(100 * time.Millisecond) {
				c.do(http.MethodPost, path, string(body))
			}
		}
	}
}

// join writes the credentials and the network configuration of an agent as soon as the server admits it. It returns a
// client of the API server and the range of pod addresses of the node.
func join(n node) (*apiClient, string, error) {
	id, secret := bootstrapToken(n.token)
	api := &apiClient{server: n.serverURL, token: id + "." + secret}
	authority := api.waitForAuthority()
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(authority) {
		return nil, "", fmt.Errorf("the server %s has no certificate authority, seen %q", n.serverURL, authority)
	}
	api.http = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authorities}}, Timeout: clientTimeout}
	podRange, err := choosePodRange(n, api.listNodes())
	if err != nil {
		return nil, "", err
	}
	network, err := podNetworkConfig(podRange)
	if err != nil {
		return nil, "", err
	}
	kubeconfig, err := agentKubeconfig(n.serverURL, api.token, authority)
	if err != nil {
		return nil, "", err
	}
	for path, content := range map[string]string{
		pkiDirectory + "/ca.crt": string(authority),
		cniConfigFile:            network,
		kubeconfigDirectory + "/" + bootstrapKubeconfig: kubeconfig,
		kubeconfigDirectory + "/kube-proxy.conf":        kubeconfig,
	} {
		if err := writeFile(path, content, 0o600); err != nil {
			return nil, "", err
		}
	}
	return api, podRange, nil
}

// waitForAuthority returns the certificate authority of the cluster as soon as the server admits this agent. As with
// k3s, whose token has no digest of the authority in k3d, the agent trusts the server on the first use.
func (c *apiClient) waitForAuthority() []byte {
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	c.http = &http.Client{Transport: transport, Timeout: clientTimeout}
	for ; ; time.Sleep(500 * time.Millisecond) {
		var config struct{ Data map[string]string }
		if json.Unmarshal(c.do(http.MethodGet, authorityPath, ""), &config) == nil && config.Data["ca.crt"] != "" {
			return []byte(config.Data["ca.crt"])
		}
	}
}

// choosePodRange returns the range of pod addresses of an agent: the one that it had before a restart, or one that
// follows from its address, which no other node has.
func choosePodRange(n node, nodes []nodeObject) (string, error) {
	for _, known := range nodes {
		if known.Metadata.Name == n.name && known.Spec.PodCIDR != "" {
			return known.Spec.PodCIDR, nil
		}
	}
	address := net.ParseIP(n.address).To4()
	if address == nil || address[3] == 0 {
		return "", fmt.Errorf("no range of pod addresses follows from the address %q: expected an IPv4 address that does not end with .0", n.address)
	}
	return fmt.Sprintf("10.42.%d.0/24", address[3]), nil
}

// agentKubeconfig returns a kubeconfig with the bootstrap token.
func agentKubeconfig(server, token string, authority []byte) (string, error) {
	text, err := yaml.Marshal(object{
		"apiVersion": "v1", "kind": "Config", "current-context": "default",
		"clusters": []object{{"name": "default", "cluster": object{"server": server, "certificate-authority-data": authority}}},
		"users":    []object{{"name": "default", "user": object{"token": token}}},
		"contexts": []object{{"name": "default", "context": object{"cluster": "default", "user": "default"}}},
	})
	return string(text), err
}

// router routes the pod addresses of the other nodes to these nodes.
type router struct {
	name   string
	api    *apiClient
	routes map[string]string // the address of the node by the range of its pods
}

func newRouter(n node, api *apiClient) *router {
	return &router{n.name, api, map[string]string{}}
}

// missingRoutes returns the routes to nodes that are new or have another address since the last call.
func (r *router) missingRoutes(nodes []nodeObject) map[string]string {
	missing := map[string]string{}
	for _, other := range nodes {
		podRange, address := other.Spec.PodCIDR, other.address()
		if other.Metadata.Name != r.name && podRange != "" && address != "" && r.routes[podRange] != address {
			missing[podRange] = address
		}
	}
	return missing
}

// run checks for new nodes every second and never returns.
func (r *router) run() {
	for ; ; time.Sleep(time.Second) {
		for podRange, address := range r.missingRoutes(r.api.listNodes()) {
			if output, err := exec.Command("ip", "route", "replace", podRange, "via", address).CombinedOutput(); err != nil {
				log.Printf("the pods of another node could not be routed: %v: %s", err, strings.TrimSpace(string(output)))
			}
			r.routes[podRange] = address // a route that failed would fail again
		}
	}
}
