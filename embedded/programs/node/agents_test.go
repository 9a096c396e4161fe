package main

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

func TestBootstrapTokenHasTheFormatOfKubernetes(t *testing.T) {
	id, secret := bootstrapToken("qBVtkSsabcdefghijklm")
	if !regexp.MustCompile(`^[a-z0-9]{6}\.[a-z0-9]{16}$`).MatchString(id + "." + secret) {
		t.Errorf("expected a bootstrap token, seen %s.%s", id, secret)
	}
	if otherID, other := bootstrapToken("another token of k3d"); otherID == id || other == secret {
		t.Errorf("expected another bootstrap token, seen %s.%s", otherID, other)
	}
}

func TestAgentsAreAdmittedOnce(t *testing.T) {
	posted, existing, requests := map[string]int{}, map[string]bool{}, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var obj object
		requests++
		switch err := json.NewDecoder(r.Body).Decode(&obj); {
		case r.Method == http.MethodGet && existing[r.URL.Path]:
			w.WriteHeader(http.StatusOK)
		case r.Method == http.MethodGet:
			w.WriteHeader(http.StatusNotFound)
		case err != nil || requests == 2: // the API server rejects the first object once
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			posted[r.URL.Path]++
			existing[r.URL.Path+"/"+obj["metadata"].(object)["name"].(string)] = true
			w.WriteHeader(http.StatusCreated)
		}
	}))
	defer server.Close()
	api := &apiClient{server: server.URL, http: server.Client()}
	api.admitAgents("")
	if len(posted) != 0 {
		t.Errorf("expected no objects without a token, seen %v", posted)
	}
	api.admitAgents("secret")
	want := map[string]int{
		"/api/v1/namespaces/kube-system/secrets":                 1,
		"/apis/rbac.authorization.k8s.io/v1/clusterroles":        1,
		"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings": 4,
	}
	api.admitAgents("secret") // as after a restart
	if !reflect.DeepEqual(posted, want) {
		t.Errorf("expected %v, seen %v", want, posted)
	}
}

// TestAgentWaitsForTheAuthority uses an API server that admits the agent from the second request on.
func TestAgentWaitsForTheAuthority(t *testing.T) {
	requests := 0
	var authority []byte
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests++; requests == 1 || r.Header.Get("Authorization") != "Bearer abcdef.0123456789abcdef" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		text, _ := json.Marshal(object{"data": object{"ca.crt": string(authority)}})
		_, _ = w.Write(text)
	}))
	defer server.Close()
	server.Config.ErrorLog = nil
	authority = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	seen := (&apiClient{server: server.URL, token: "abcdef.0123456789abcdef"}).waitForAuthority()
	if string(seen) != string(authority) || !x509.NewCertPool().AppendCertsFromPEM(seen) {
		t.Errorf("expected the certificate of the server, seen %q", seen)
	}
}

func TestChoosePodRange(t *testing.T) {
	var known nodeObject
	known.Metadata.Name, known.Spec.PodCIDR = "agent-0", "10.42.5.0/24"
	for name, test := range map[string]struct{ node, address, want string }{
		"a new node": {"agent-1", "172.20.0.6", "10.42.6.0/24"},
		"a node with another address than before": {"agent-0", "172.20.0.7", "10.42.5.0/24"},
		"no range": {"agent-1", "172.20.1.0", ""},
	} {
		got, err := choosePodRange(node{name: test.node, address: test.address}, []nodeObject{known})
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%s: expected %q, seen %q and %v", name, test.want, got, err)
		}
	}
}

func TestAgentKubeconfig(t *testing.T) {
	text, err := agentKubeconfig("https://k3d-lab-serverlb:6443", "abcdef.0123456789abcdef", []byte("ca"))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parseKubeconfig([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if cluster := parsed.Clusters[0].Cluster; cluster.Server != "https://k3d-lab-serverlb:6443" || string(cluster.CA) != "ca" || !strings.Contains(text, "token: abcdef.0123456789abcdef") {
		t.Errorf("expected the server, its authority and the token, seen\n%s", text)
	}
}

func TestMissingRoutes(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"items": [
			{"metadata": {"name": "server-0"}, "spec": {"podCIDR": "10.42.0.0/24"}, "status": {"addresses": [{"type": "Hostname", "address": "server-0"}, {"type": "InternalIP", "address": "172.20.0.3"}]}},
			{"metadata": {"name": "agent-0"}, "spec": {"podCIDR": "10.42.5.0/24"}, "status": {"addresses": [{"type": "InternalIP", "address": "172.20.0.5"}]}},
			{"metadata": {"name": "agent-1"}, "spec": {}, "status": {"addresses": [{"type": "InternalIP", "address": "172.20.0.6"}]}}]}`)
	}))
	defer server.Close()
	api := &apiClient{server: server.URL, http: server.Client()}
	r := newRouter(node{name: "agent-0"}, api)
	if seen := r.missingRoutes(api.listNodes()); !reflect.DeepEqual(seen, map[string]string{"10.42.0.0/24": "172.20.0.3"}) {
		t.Errorf("expected a route to the pods of server-0 only, seen %v", seen)
	}
	r.routes["10.42.0.0/24"] = "172.20.0.3"
	if seen := r.missingRoutes(api.listNodes()); len(seen) != 0 {
		t.Errorf("expected no further route, seen %v", seen)
	}
}
