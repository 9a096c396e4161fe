package main

import (
	"strings"
	"testing"
)

func TestEveryPortIsForwardedToItsNodes(t *testing.T) {
	got, err := render([]byte(`
ports:
  6443.tcp: [k3d-k3s-default-server-0, k3d-k3s-default-server-1]
  80.tcp: [k3d-k3s-default-server-0]
  53.udp: [k3d-k3s-default-agent-0]
settings:
  workerConnections: 1026
  defaultProxyTimeout: 30
`))
	if err != nil {
		t.Fatal(err)
	}
	want := `load_module /usr/lib/nginx/modules/ngx_stream_module.so;
user www-data;
pid /run/nginx.pid;
error_log stderr notice;
worker_processes auto;
events { worker_connections 1026; }
stream {
  proxy_connect_timeout 2s;
  proxy_timeout 30s;
  upstream 53_udp {
    server k3d-k3s-default-agent-0:53 max_fails=1 fail_timeout=10s;
  }
  server { listen 53 udp; proxy_pass 53_udp; }
  upstream 80_tcp {
    server k3d-k3s-default-server-0:80 max_fails=1 fail_timeout=10s;
  }
  server { listen 80; proxy_pass 80_tcp; }
  upstream 6443_tcp {
    server k3d-k3s-default-server-0:6443 max_fails=1 fail_timeout=10s;
    server k3d-k3s-default-server-1:6443 max_fails=1 fail_timeout=10s;
  }
  server { listen 6443; proxy_pass 6443_tcp; }
}
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestSettingsAreOptional(t *testing.T) {
	got, err := render([]byte("ports: {6443.tcp: [server-0]}"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"worker_connections 1024;", "proxy_timeout 600s;"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

func TestRenderIsDeterministic(t *testing.T) {
	text := []byte("ports: {1.tcp: [a], 2.tcp: [a], 3.tcp: [a], 3.udp: [a], 4.tcp: [a], 5.tcp: [a]}")
	first, err := render(text)
	if err != nil {
		t.Fatal(err)
	}
	for range [20]int{} {
		if got, _ := render(text); got != first {
			t.Fatalf("got\n%s\nwant\n%s", got, first)
		}
	}
}

func TestInvalidValuesAreRejected(t *testing.T) {
	for text, reason := range map[string]string{
		"ports: {6443: [server-0]}":      `invalid port "6443"`,
		"ports: {6443.sctp: [server-0]}": `invalid port "6443.sctp"`,
		"ports: {70000.tcp: [server-0]}": `invalid port "70000.tcp"`,
		"ports: {6443.tcp: []}":          "no node for port 6443.tcp",
		"settings: {}":                   "no port in the values file",
		"":                               "no port in the values file",
		"ports: [":                       "not a values file of k3d",
	} {
		if _, err := render([]byte(text)); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%q: got the error %v, want %q", text, err, reason)
		}
	}
}
