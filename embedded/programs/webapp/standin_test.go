package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// runsMain is the environment variable with which the test binary is the program itself.
const runsMain = "WEBAPP_TEST_RUNS_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(runsMain) != "" {
		main()
		return
	}
	if os.Getenv(playsProxy) != "" {
		playProxy()
		return
	}
	os.Exit(m.Run())
}

// freePort returns the number of an unused TCP port.
func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// address returns the address of a port of this machine.
func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// startInBackground runs a function until the test ends, and fails the test if it returns an error.
func startInBackground(t *testing.T, function func(ctx context.Context) error) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	exited := make(chan error, 1)
	go func() { exited <- function(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-exited; err != nil {
			t.Error(err)
		}
	})
}

// waitForPort waits until a port accepts connections.
func waitForPort(t *testing.T, port int) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		connection, err := net.Dial("tcp", address(port))
		if err == nil {
			connection.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// serveOnFreePort starts a stand-in with certificates in a directory, and returns its port.
func serveOnFreePort(t *testing.T, directory string) int {
	t.Helper()
	port := freePort(t)
	startInBackground(t, func(ctx context.Context) error {
		return servePorts(ctx, "katib-controller", []int{port}, []string{directory})
	})
	waitForPort(t, port)
	return port
}

// newClient returns a client that uses one version of HTTP only, and trusts the certificates in a pool, or all
// certificates if it is nil.
func newClient(t *testing.T, roots *x509.CertPool, setProtocol func(*http.Protocols, bool)) *http.Client {
	t.Helper()
	protocols := &http.Protocols{}
	setProtocol(protocols, true)
	transport := &http.Transport{
		Protocols:       protocols,
		TLSClientConfig: &tls.Config{RootCAs: roots, InsecureSkipVerify: roots == nil, ServerName: "webhook.example"},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 5 * time.Second}
}

// receive sends a request, and returns the response and its body.
func receive(t *testing.T, client *http.Client, request *http.Request) (*http.Response, string) {
	t.Helper()
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestAPortServesEveryProtocol(t *testing.T) {
	port := serveOnFreePort(t, t.TempDir())
	for _, test := range []struct {
		scheme string
		major  int
		set    func(*http.Protocols, bool)
	}{
		{"http", 1, (*http.Protocols).SetHTTP1},
		{"http", 2, (*http.Protocols).SetUnencryptedHTTP2},
		{"https", 1, (*http.Protocols).SetHTTP1},
		{"https", 2, (*http.Protocols).SetHTTP2},
	} {
		client := newClient(t, nil, test.set)
		for agent, status := range map[string]int{"kube-probe/1.25": http.StatusOK, "curl/8.0": http.StatusNotImplemented} {
			request, _ := http.NewRequest(http.MethodGet, test.scheme+"://"+address(port)+"/readyz", nil)
			request.Header.Set("User-Agent", agent)
			response, body := receive(t, client, request)
			if response.StatusCode != status || response.ProtoMajor != test.major || !strings.HasPrefix(body, "stand-in for katib-controller") {
				t.Errorf("%s, HTTP/%d, %s: HTTP/%d %d %s", test.scheme, test.major, agent, response.ProtoMajor, response.StatusCode, body)
			}
		}
	}
}

func TestOtherRequestsAreNotImplemented(t *testing.T) {
	handler := newStandInHandler("katib-ui")
	for _, path := range []string{"/", "/katib/fetch_namespaces", "/apis/metrics.k8s.io/v1beta1", "/openapi/v2"} {
		response := send(handler, "GET", path, "")
		if response.Code != http.StatusNotImplemented || !strings.Contains(response.Body.String(), "does not implement "+path) {
			t.Errorf("%s: %d %s", path, response.Code, response.Body)
		}
	}
	for _, body := range []string{"", "[]", `{"kind": "AdmissionReview"}`, `{"kind": "Pod", "apiVersion": "v1"}`} {
		if response := send(handler, "POST", "/", body, "Content-Type", "application/json"); response.Code != http.StatusNotImplemented {
			t.Errorf("%s: %d %s", body, response.Code, response.Body)
		}
	}
}

func TestEveryObjectIsAdmittedWithAWarning(t *testing.T) {
	handler := newStandInHandler("Deployment kubeflow/admission-webhook")
	for _, version := range []string{"admission.k8s.io/v1", "admission.k8s.io/v1beta1"} {
		request := fmt.Sprintf(`{"apiVersion": %q, "kind": "AdmissionReview", "request": {"uid": "1-2", "object": {"kind": "Pod"}}}`, version)
		review := decode(t, send(handler, "POST", "/apply-poddefault?timeout=30s", request, "Content-Type", "application/json"))
		expected := object{
			"apiVersion": version,
			"kind":       "AdmissionReview",
			"response": object{
				"uid":      "1-2",
				"allowed":  true,
				"warnings": []any{"a stand-in for Deployment kubeflow/admission-webhook accepts everything"},
			},
		}
		if !reflect.DeepEqual(review, expected) {
			t.Errorf("%v", review)
		}
	}
}

func TestObjectsAreConvertedByChangingTheirVersionOnly(t *testing.T) {
	handler := newStandInHandler("kserve")
	for _, version := range []string{"apiextensions.k8s.io/v1", "apiextensions.k8s.io/v1beta1"} {
		request := fmt.Sprintf(`{"apiVersion": %q, "kind": "ConversionReview", "request": {"uid": "1-2", "desiredAPIVersion": "example.org/v1",
			"objects": [{"apiVersion": "example.org/v1beta1", "kind": "Model", "spec": {"size": 9007199254740993}}]}}`, version)
		response := send(handler, "POST", "/convert", request, "Content-Type", "application/json; charset=utf-8")
		var review struct {
			APIVersion, Kind string
			Response         struct {
				UID              string
				ConvertedObjects []json.RawMessage
				Result           object
			}
		}
		if err := json.Unmarshal(response.Body.Bytes(), &review); err != nil {
			t.Fatal(err)
		}
		const converted = `{"apiVersion":"example.org/v1","kind":"Model","spec":{"size":9007199254740993}}`
		if review.APIVersion != version || review.Response.UID != "1-2" || review.Response.Result["status"] != "Success" ||
			len(review.Response.ConvertedObjects) != 1 || string(review.Response.ConvertedObjects[0]) != converted {
			t.Errorf("%s", response.Body)
		}
	}
}

func TestHealthChecksOfGRPCAreAnswered(t *testing.T) {
	port := serveOnFreePort(t, t.TempDir())
	for scheme, set := range map[string]func(*http.Protocols, bool){
		"http": (*http.Protocols).SetUnencryptedHTTP2, "https": (*http.Protocols).SetHTTP2,
	} {
		client := newClient(t, nil, set)
		call := func(path string) (*http.Response, string) {
			// HealthCheckRequest with the service "db", as grpc-go sends it.
			message := bytes.NewReader([]byte{0, 0, 0, 0, 4, 0x0a, 2, 'd', 'b'})
			request, _ := http.NewRequest(http.MethodPost, scheme+"://"+address(port)+path, message)
			request.Header.Set("Content-Type", "application/grpc")
			request.Header.Set("User-Agent", "kube-probe/1.25 grpc-go/1.47.0")
			return receive(t, client, request)
		}
		response, body := call("/grpc.health.v1.Health/Check")
		if response.StatusCode != http.StatusOK || response.Trailer.Get("Grpc-Status") != "0" || body != "\x00\x00\x00\x00\x02\x08\x01" {
			t.Errorf("%s: %d %q %v", scheme, response.StatusCode, body, response.Trailer)
		}
		response, body = call("/api.v1.beta1.Suggestion/GetSuggestions")
		if response.Header.Get("Grpc-Status") != "12" || !strings.Contains(response.Header.Get("Grpc-Message"), "stand-in") || body != "" {
			t.Errorf("%s: %v %q", scheme, response.Header, body)
		}
	}
}

// issueCertificate writes a certificate and its key into files, and returns a pool that trusts the certificate.
func issueCertificate(t *testing.T, certificateFile, keyFile string) *x509.CertPool {
	t.Helper()
	pair, err := newSelfSignedCertificate("webhook")
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		certificateFile: {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, keyFile: {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	parsed, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return roots
}

func TestTheCertificateIsReadForEachHandshake(t *testing.T) {
	directory := t.TempDir()
	port := serveOnFreePort(t, directory)
	handshake := func(roots *x509.CertPool) error {
		connection, err := tls.Dial("tcp", address(port), &tls.Config{RootCAs: roots, ServerName: "stand-in.invalid"})
		if err == nil {
			err = connection.Close()
		}
		return err
	}
	in := func(name string) string { return filepath.Join(directory, name) }
	if err := handshake(x509.NewCertPool()); err == nil {
		t.Error("the self-signed certificate is trusted")
	}
	// The certificate of the authority has no key in the directory.
	issueCertificate(t, in("ca-cert.pem"), filepath.Join(t.TempDir(), "ca-key.pem"))
	first := issueCertificate(t, in("server-cert.pem"), in("server-key.pem"))
	if err := handshake(first); err != nil {
		t.Error(err)
	}
	renewed := issueCertificate(t, in("server-cert.pem"), in("server-key.pem"))
	if err := handshake(renewed); err != nil {
		t.Error(err)
	}
	if err := handshake(first); err == nil {
		t.Error("the old certificate is used after its renewal")
	}
}

func TestConnectionsWithoutDataDoNotBlockOthers(t *testing.T) {
	port := serveOnFreePort(t, t.TempDir())
	for range 3 {
		connection, err := net.Dial("tcp", address(port))
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
	}
	request, _ := http.NewRequest(http.MethodGet, "http://"+address(port), nil)
	if response, _ := receive(t, newClient(t, nil, (*http.Protocols).SetHTTP1), request); response.StatusCode != http.StatusNotImplemented {
		t.Error(response.StatusCode)
	}
}

func TestATakenPortIsSkipped(t *testing.T) {
	taken := serveOnFreePort(t, t.TempDir())
	free := freePort(t)
	startInBackground(t, func(ctx context.Context) error { return servePorts(ctx, "second", []int{taken, free}, nil) })
	waitForPort(t, free)
	for port, name := range map[int]string{taken: "katib-controller", free: "second"} {
		request, _ := http.NewRequest(http.MethodGet, "http://"+address(port), nil)
		if _, body := receive(t, newClient(t, nil, (*http.Protocols).SetHTTP1), request); !strings.HasPrefix(body, "stand-in for "+name) {
			t.Errorf("%d: %s", port, body)
		}
	}
}

func TestAProcessEndsWithSIGTERM(t *testing.T) {
	port := freePort(t)
	for _, ports := range [][]string{{strconv.Itoa(port)}, nil} {
		process := exec.Command(os.Args[0], append([]string{"idle", "katib-ui"}, ports...)...)
		process.Env = append(os.Environ(), runsMain+"=1")
		if err := process.Start(); err != nil {
			t.Fatal(err)
		}
		exited := make(chan error, 1)
		go func() { exited <- process.Wait() }()
		if ports != nil {
			waitForPort(t, port)
		}
		select {
		case err := <-exited:
			t.Fatalf("with the ports %v, the process ends by itself: %v", ports, err)
		case <-time.After(200 * time.Millisecond):
		}
		process.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-exited:
			if err != nil {
				t.Errorf("with the ports %v: %v", ports, err)
			}
		case <-time.After(5 * time.Second):
			process.Process.Kill()
			t.Errorf("with the ports %v, the process ignores SIGTERM", ports)
		}
	}
}

func TestInvalidArgumentsAreRejected(t *testing.T) {
	for _, arguments := range [][]string{
		nil, {"dashboards"}, {"idle"}, {"crud"}, {"idle", "x", "80/tcp"}, {"idle", "x", "http"}, {"idle", "x", "65536"}, {"dashboard", "x"}, {"kfam"}, {"authservice"},
	} {
		if err := run(context.Background(), arguments); err == nil {
			t.Errorf("expected an error for the arguments %v", arguments)
		}
	}
}
