package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// apiClient is a minimal HTTP client of the API server, with which the node waits for the API server and for its own
// Node object. It is used instead of kubectl, because each start of kubectl takes a third of a second of processor time
// while the start of the node is bound by processor time.
type apiClient struct {
	server string
	token  string // of an agent; a server has a certificate
	http   *http.Client
}

const clientTimeout = 5 * time.Second

func newAPIClient(admin kubeconfig) (*apiClient, error) {
	cluster, user := admin.Clusters[0].Cluster, admin.Users[0].User
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(cluster.CA) {
		return nil, fmt.Errorf("no certificate authority in the kubeconfig of kubeadm, seen %d bytes without one", len(cluster.CA))
	}
	pair, err := tls.X509KeyPair(user.Certificate, user.Key)
	if err != nil {
		return nil, fmt.Errorf("the administrator's certificate in the kubeconfig of kubeadm is not usable: %w", err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authorities, Certificates: []tls.Certificate{pair}}}
	return &apiClient{server: cluster.Server, http: &http.Client{Transport: transport, Timeout: clientTimeout}}, nil
}

// do sends a request and returns the body of the response, or nil if there is no response or its status is neither 200
// nor 201.
func (c *apiClient) do(method, path, body string) []byte {
	request, err := http.NewRequest(method, c.server+path, strings.NewReader(body))
	if err != nil {
		return nil
	}
	switch method {
	case http.MethodPatch:
		request.Header.Set("Content-Type", "application/merge-patch+json")
	case http.MethodPost:
		request.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil || (response.StatusCode != http.StatusOK && response.StatusCode != http.StatusCreated) {
		return nil
	}
	return content
}

// waitForReady returns when the API server is ready. It has no time limit: if the API server fails, its process exits
// and the supervisor reports that; a slow machine is not a failure, and k3d has --timeout.
func (c *apiClient) waitForReady() {
	for c.do(http.MethodGet, "/readyz", "") == nil {
		time.Sleep(100 * time.Millisecond)
	}
}

// waitForNode assigns a range of pod addresses to a node and returns when the node reports that it is Ready.
//
// The controller manager could assign the range, but it first waits ten seconds, and most of its controllers wait with
// it (startNodeIpamController in k8s.io/kubernetes lists the nodes with wait.Poll, which begins with a pause). The
// kubelet, in turn, reports that it is ready as soon as it sees the range (fastStatusUpdateOnce).
func (c *apiClient) waitForNode(name, podRange string, started time.Time) {
	path := nodesPath + "/" + name
	for ; ; time.Sleep(100 * time.Millisecond) {
		var seen nodeObject
		if json.Unmarshal(c.do(http.MethodGet, path, ""), &seen) != nil {
			continue // the kubelet has not registered the node yet
		}
		if seen.Spec.PodCIDR == "" {
			c.do(http.MethodPatch, path, fmt.Sprintf(`{"spec": {"podCIDR": %q, "podCIDRs": [%q]}}`, podRange, podRange))
		}
		if seen.isReadySince(started) {
			return
		}
	}
}

const nodesPath = "/api/v1/nodes"

// listNodes returns the nodes of the cluster, or none if the API server does not answer.
func (c *apiClient) listNodes() []nodeObject {
	var list struct{ Items []nodeObject }
	if json.Unmarshal(c.do(http.MethodGet, nodesPath+"?resourceVersion=0", ""), &list) != nil {
		return nil
	}
	return list.Items
}

// nodeObject contains the fields of a Node that this program uses.
type nodeObject struct {
	Metadata struct{ Name string }
	Spec     struct{ PodCIDR string }
	Status   struct {
		Addresses  []struct{ Type, Address string }
		Conditions []struct {
			Type, Status      string
			LastHeartbeatTime time.Time
		}
	}
}

// address returns the address at which the other nodes reach this node, or an empty text if it has reported none yet.
func (n nodeObject) address() string {
	for _, address := range n.Status.Addresses {
		if address.Type == "InternalIP" {
			return address.Address
		}
	}
	return ""
}

// isReadySince reports whether the node is Ready and has reported so since its container started. An older report does
// not count, because the Node object outlives a restart of the container.
func (n nodeObject) isReadySince(started time.Time) bool {
	for _, condition := range n.Status.Conditions {
		if condition.Type == "Ready" {
			return condition.Status == "True" && !condition.LastHeartbeatTime.Before(started.Truncate(time.Second))
		}
	}
	return false
}
