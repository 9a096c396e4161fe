package main

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
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

func TestIdleServesAllPortsUntilItIsStopped(t *testing.T) {
	plain, secure := freePort(t), freePort(t)
	ctx, stop := context.WithCancel(context.Background())
	exited := make(chan error)
	go func() { exited <- run(ctx, []string{"idle", "katib-controller", plain, secure + "/https"}) }()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	for _, url := range []string{"http://127.0.0.1:" + plain + "/readyz", "https://127.0.0.1:" + secure + "/"} {
		var response *http.Response
		err := error(nil)
		for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			if response, err = client.Get(url); err == nil {
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

func TestInvalidArgumentsAreRejected(t *testing.T) {
	for _, arguments := range [][]string{
		nil, {"dashboards"}, {"idle"}, {"crud"}, {"idle", "x", "80/tcp"}, {"idle", "x", "http"}, {"dashboard"},
	} {
		if err := run(context.Background(), arguments); err == nil {
			t.Errorf("expected an error for the arguments %v", arguments)
		}
	}
}
