package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

const (
	secretPath  = "/api/v1/namespaces/kube-system/secrets/admission"
	webhookPath = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/admission"
	token       = "token-of-the-account"
)

var (
	hosts  = []string{"controller-admission", "controller-admission.kube-system.svc"}
	create = arguments{command: "create", namespace: "kube-system", secret: "admission", hosts: hosts}
	patch  = arguments{
		command: "patch", namespace: "kube-system", secret: "admission", webhook: "admission", failurePolicy: "Fail",
		hosts: []string{},
	}
)

// apiServer is an HTTPS server with the objects of a test. It accepts only the token of the account.
type apiServer struct {
	objects  map[string]object
	requests []string
}

// start returns a client of a new API server with these objects.
func start(t *testing.T, objects map[string]object) (*apiServer, *client) {
	t.Helper()
	server := &apiServer{objects: objects}
	listener := httptest.NewTLSServer(server)
	t.Cleanup(listener.Close)
	account := t.TempDir()
	authority := encodePEM("CERTIFICATE", listener.Certificate().Raw)
	for name, content := range map[string][]byte{"token": []byte(token + "\n"), "ca.crt": authority} {
		if err := os.WriteFile(filepath.Join(account, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	client, err := newClient(listener.URL, account)
	if err != nil {
		t.Fatal(err)
	}
	return server, client
}

func (s *apiServer) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	if request.Header.Get("Authorization") != "Bearer "+token {
		http.Error(answer, `{"kind":"Status","message":"Unauthorized"}`, http.StatusUnauthorized)
		return
	}
	s.requests = append(s.requests, request.Method+" "+request.URL.Path)
	path := request.URL.Path
	if request.Method != http.MethodGet {
		var sent object
		if err := json.NewDecoder(request.Body).Decode(&sent); err != nil {
			http.Error(answer, err.Error(), http.StatusBadRequest)
			return
		}
		if request.Method == http.MethodPost {
			path += "/" + sent["metadata"].(object)["name"].(string)
		}
		s.objects[path] = sent
	}
	found, exists := s.objects[path]
	if !exists {
		http.Error(answer, `{"kind":"Status","message":"not found"}`, http.StatusNotFound)
		return
	}
	_ = json.NewEncoder(answer).Encode(found)
}

// decodeData returns a value of a Secret.
func decodeData(t *testing.T, secret object, name string) []byte {
	t.Helper()
	content, err := base64.StdEncoding.DecodeString(secret["data"].(object)[name].(string))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func newConfiguration() object {
	service := object{"name": "controller-admission", "namespace": "kube-system", "port": 443}
	webhook := object{"name": "validate.example.com", "clientConfig": object{"service": service}, "failurePolicy": "Ignore"}
	return object{"metadata": object{"name": "admission", "resourceVersion": "7"}, "webhooks": []any{webhook}}
}

func TestCreatedCertificateIsValidForAllNamesOfTheService(t *testing.T) {
	server, client := start(t, map[string]object{})
	if err := createSecret(client, create, time.Now()); err != nil {
		t.Fatal(err)
	}
	secret := server.objects[secretPath]
	certificate, err := tls.X509KeyPair(decodeData(t, secret, "cert"), decodeData(t, secret, "key"))
	if err != nil {
		t.Fatal(err)
	}
	webhook := httptest.NewUnstartedServer(http.NotFoundHandler())
	webhook.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	webhook.StartTLS()
	defer webhook.Close()
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(decodeData(t, secret, "ca"))
	for name, trusted := range map[string]bool{hosts[0]: true, hosts[1]: true, "other.kube-system.svc": false} {
		config := &tls.Config{RootCAs: authorities, ServerName: name}
		connection, err := tls.Dial("tcp", webhook.Listener.Addr().String(), config)
		if (err == nil) != trusted {
			t.Errorf("%s: error %v", name, err)
		}
		if err == nil {
			connection.Close()
		}
	}
}

func TestCertificateIsValidOnANodeWhoseClockIsSlow(t *testing.T) {
	now := time.Now()
	data, err := newCertificate(hosts, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ca", "cert"} {
		block, _ := pem.Decode(data[name])
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if certificate.NotBefore.After(now.Add(-30*time.Minute)) || certificate.NotAfter.Before(now.AddDate(50, 0, 0)) {
			t.Errorf("%s: valid from %v to %v", name, certificate.NotBefore, certificate.NotAfter)
		}
	}
}

func TestExistingSecretIsKept(t *testing.T) {
	server, client := start(t, map[string]object{secretPath: {"data": object{"ca": "before"}}})
	if err := createSecret(client, create, time.Now()); err != nil {
		t.Fatal(err)
	}
	if want := []string{"GET " + secretPath}; !reflect.DeepEqual(server.requests, want) {
		t.Errorf("requests %v", server.requests)
	}
}

func TestPatchSetsAuthorityAndFailurePolicyAndKeepsEverythingElse(t *testing.T) {
	objects := map[string]object{secretPath: {"data": object{"ca": "Y2E="}}, webhookPath: newConfiguration()}
	server, client := start(t, objects)
	if err := patchWebhooks(client, patch); err != nil {
		t.Fatal(err)
	}
	want := newConfiguration()
	webhook := want["webhooks"].([]any)[0].(object)
	webhook["clientConfig"].(object)["caBundle"], webhook["failurePolicy"] = "Y2E=", "Fail"
	if got, expected := toJSON(t, server.objects[webhookPath]), toJSON(t, want); got != expected {
		t.Errorf("got %s, want %s", got, expected)
	}
}

func TestFailurePolicyIsKeptWithoutTheFlag(t *testing.T) {
	objects := map[string]object{secretPath: {"data": object{"ca": "Y2E="}}, webhookPath: newConfiguration()}
	server, client := start(t, objects)
	given := patch
	given.failurePolicy = ""
	if err := patchWebhooks(client, given); err != nil {
		t.Fatal(err)
	}
	if text := toJSON(t, server.objects[webhookPath]); !strings.Contains(text, `"failurePolicy":"Ignore"`) {
		t.Error(text)
	}
}

func TestPatchNamesTheObjectThatIsMissingOrIncomplete(t *testing.T) {
	secret := object{"data": object{"ca": "Y2E="}}
	for _, test := range []struct {
		name    string
		objects map[string]object
		words   string
	}{
		{"no Secret", map[string]object{webhookPath: newConfiguration()}, secretPath + ": 404: not found"},
		{"no authority", map[string]object{secretPath: {"data": object{}}}, "the Secret admission has no ca"},
		{"no configuration", map[string]object{secretPath: secret}, webhookPath + ": 404: not found"},
		{"no webhooks", map[string]object{secretPath: secret, webhookPath: {}}, "admission has no webhooks"},
		{
			"a webhook without clientConfig",
			map[string]object{secretPath: secret, webhookPath: {"webhooks": []any{object{}}}},
			"has no clientConfig",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, client := start(t, test.objects)
			if err := patchWebhooks(client, patch); err == nil || !strings.Contains(err.Error(), test.words) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestRejectionHasTheMessageOfTheAPIServer(t *testing.T) {
	_, client := start(t, map[string]object{})
	client.token = "token-of-another-account"
	err := createSecret(client, create, time.Now())
	var rejection *statusError
	if !errors.As(err, &rejection) || rejection.status != http.StatusUnauthorized || rejection.message != "Unauthorized" {
		t.Errorf("error %v", err)
	}
}

func TestServerOfAnotherAuthorityIsNotTrusted(t *testing.T) {
	_, client := start(t, map[string]object{})
	client.http.Transport.(*http.Transport).TLSClientConfig.RootCAs = x509.NewCertPool()
	if err := createSecret(client, create, time.Now()); err == nil || !strings.Contains(err.Error(), "x509") {
		t.Errorf("error %v", err)
	}
}

func TestAccountWithoutFilesIsReported(t *testing.T) {
	if _, err := newClient("https://127.0.0.1", t.TempDir()); err == nil || !strings.Contains(err.Error(), "token") {
		t.Errorf("error %v", err)
	}
}

func TestParseArguments(t *testing.T) {
	for _, test := range []struct {
		text string
		want arguments
		err  string
	}{
		{
			text: "create --host=controller-admission,controller-admission.kube-system.svc --namespace=kube-system " +
				"--secret-name=admission",
			want: create,
		},
		{
			text: "patch --webhook-name=admission --namespace=kube-system --patch-mutating=false --secret-name=admission " +
				"--patch-failure-policy=Fail",
			want: patch,
		},
		{text: "", err: usage},
		{text: "delete", err: usage},
		{text: "create --host=a --secret-name=admission", err: "-namespace and -secret-name are required"},
		{text: "create --namespace=kube-system --secret-name=admission", err: "create requires -host"},
		{text: "patch --namespace=kube-system --secret-name=admission", err: "patch requires -webhook-name"},
		{text: "patch --patch-mutating=true", err: "MutatingWebhookConfiguration is not supported"},
		{text: "create --unknown", err: "flag provided but not defined"},
	} {
		t.Run(test.text, func(t *testing.T) {
			got, err := parseArguments(strings.Fields(test.text))
			if (err == nil) != (test.err == "") || (err != nil && !strings.Contains(err.Error(), test.err)) {
				t.Fatalf("error %v", err)
			}
			if err == nil && !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// toJSON returns an object as JSON with sorted keys.
func toJSON(t *testing.T, value object) string {
	t.Helper()
	content, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
