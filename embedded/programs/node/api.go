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

// apiClient asks the API server what a log of the node should say. It is an HTTP client and no more: a start of kubectl
// takes a third of a second of processor time, at the moment when processor time is what the start waits for.
type apiClient struct {
	server string
	http   *http.Client
}

func newAPIClient(admin kubeconfig) (*apiClient, error) {
	cluster, user := admin.Clusters[0].Cluster, admin.Users[0].User
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(cluster.CA) {
		return nil, fmt.Errorf("expected a certificate authority in the kubeconfig of kubeadm, seen %d bytes without one", len(cluster.CA))
	}
	pair, err := tls.X509KeyPair(user.Certificate, user.Key)
	if err != nil {
		return nil, fmt.Errorf("the administrator's certificate in the kubeconfig of kubeadm is not usable: %w", err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authorities, Certificates: []tls.Certificate{pair}}}
	return &apiClient{cluster.Server, &http.Client{Transport: transport, Timeout: 5 * time.Second}}, nil
}

// ask gives the body of a good answer, and nothing for a bad one or none.
func (c *apiClient) ask(method, path, body string) []byte {
	request, err := http.NewRequest(method, c.server+path, strings.NewReader(body))
	if err != nil {
		return nil
	}
	if method == http.MethodPatch {
		request.Header.Set("Content-Type", "application/merge-patch+json")
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return nil
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return nil
	}
	return content
}

// waitForReady returns when the API server is ready. It has no time limit: an API server that fails ends, and that is
// noticed by the supervisor; a slow machine is no failure, and k3d has --timeout.
func (c *apiClient) waitForReady() {
	for c.ask(http.MethodGet, "/readyz", "") == nil {
		time.Sleep(100 * time.Millisecond)
	}
}

// waitForNode assigns the node its range of pod addresses and returns when the node says that it is Ready.
//
// The controller manager could assign the range, but it first waits ten seconds, and most of its controllers wait with
// it (startNodeIpamController in k8s.io/kubernetes lists the nodes with wait.Poll, which begins with a pause). The
// kubelet for its part reports that it is ready as soon as it sees the range (fastStatusUpdateOnce).
func (c *apiClient) waitForNode(name string, started time.Time) {
	path := "/api/v1/nodes/" + name
	for ; ; time.Sleep(100 * time.Millisecond) {
		var seen nodeObject
		if json.Unmarshal(c.ask(http.MethodGet, path, ""), &seen) != nil {
			continue // the kubelet has not registered it yet
		}
		if seen.Spec.PodCIDR == "" {
			c.ask(http.MethodPatch, path, fmt.Sprintf(`{"spec": {"podCIDR": %q, "podCIDRs": [%q]}}`, nodePodSubnet, nodePodSubnet))
		}
		if seen.readySince(started) {
			return
		}
	}
}

type nodeObject struct {
	Spec   struct{ PodCIDR string }
	Status struct {
		Conditions []struct {
			Type, Status      string
			LastHeartbeatTime time.Time
		}
	}
}

// readySince tells whether the node is Ready and has said so since its container started: the object outlives a restart.
func (n nodeObject) readySince(started time.Time) bool {
	for _, condition := range n.Status.Conditions {
		if condition.Type == "Ready" {
			return condition.Status == "True" && !condition.LastHeartbeatTime.Before(started.Truncate(time.Second))
		}
	}
	return false
}
