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
	http   *http.Client
}

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
	return &apiClient{cluster.Server, &http.Client{Transport: transport, Timeout: 5 * time.Second}}, nil
}

// do sends a request and returns the body of the response, or nil if there is no response or its status is not 200.
func (c *apiClient) do(method, path, body string) []byte {
	request, err := http.NewRequest(method, c.server+path, strings.NewReader(body))
	if err != nil {
		return nil
	}
	if method == http.MethodPatch {
		request.Header.Set("Content-Type", "application/merge-patch+json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
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

// waitForNode assigns the range of pod addresses to the node and returns when the node reports that it is Ready.
//
// The controller manager could assign the range, but it first waits ten seconds, and most of its controllers wait with
// it (startNodeIpamController in k8s.io/kubernetes lists the nodes with wait.Poll, which begins with a pause). The
// kubelet, in turn, reports that it is ready as soon as it sees the range (fastStatusUpdateOnce).
func (c *apiClient) waitForNode(name string, started time.Time) {
	path := "/api/v1/nodes/" + name
	for ; ; time.Sleep(100 * time.Millisecond) {
		var seen nodeObject
		if json.Unmarshal(c.do(http.MethodGet, path, ""), &seen) != nil {
			continue // the kubelet has not registered the node yet
		}
		if seen.Spec.PodCIDR == "" {
			c.do(http.MethodPatch, path, fmt.Sprintf(`{"spec": {"podCIDR": %q, "podCIDRs": [%q]}}`, nodePodSubnet, nodePodSubnet))
		}
		if seen.isReadySince(started) {
			return
		}
	}
}

// nodeObject contains the fields of a Node that waitForNode uses.
type nodeObject struct {
	Spec   struct{ PodCIDR string }
	Status struct {
		Conditions []struct {
			Type, Status      string
			LastHeartbeatTime time.Time
		}
	}
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
