package main

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// freePort returns the number of an unused TCP port.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

func TestIdleRespondsToProbesOnAllPortsUntilItIsStopped(t *testing.T) {
	plain, secure := freePort(t), freePort(t)
	ctx, stop := context.WithCancel(context.Background())
	exited := make(chan error)
	go func() { exited <- run(ctx, []string{"idle", "katib-controller", plain, secure + "/https"}) }()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	for _, url := range []string{"http://127.0.0.1:" + plain + "/readyz", "https://127.0.0.1:" + secure + "/"} {
		var response *http.Response
		err := error(nil)
		probe, _ := http.NewRequest(http.MethodGet, url, nil)
		probe.Header.Set("User-Agent", "kube-probe/1.25")
		for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			if response, err = client.Do(probe); err == nil {
				break
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode != http.StatusOK || !strings.HasPrefix(string(body), "stand-in for katib-controller") {
			t.Errorf("%s: %d %s", url, response.StatusCode, body)
		}
	}
	stop()
	if err := <-exited; err != nil {
		t.Error(err)
	}
}

func TestIdleDoesNotImplementTheComponent(t *testing.T) {
	handler := newIdleHandler("katib-ui")
	for _, path := range []string{"/", "/katib/fetch_namespaces", "/apis/v1beta1/pipelines", "/readyz"} {
		response := httptest.NewRecorder()
		handler.ServeHTTP(response, httptest.NewRequest(http.MethodGet, path, nil))
		if response.Code != http.StatusNotImplemented || !strings.HasPrefix(response.Body.String(), "stand-in for katib-ui") {
			t.Errorf("%s: %d %s", path, response.Code, response.Body)
		}
	}
}

func TestInvalidArgumentsAreRejected(t *testing.T) {
	for _, arguments := range [][]string{
		nil, {"dashboards"}, {"idle"}, {"crud"}, {"idle", "x", "80/tcp"}, {"idle", "x", "http"}, {"dashboard"},
	} {
		if err := run(context.Background(), arguments); err == nil {
			t.Errorf("expected an error for the arguments %v", arguments)
		}
	}
}
