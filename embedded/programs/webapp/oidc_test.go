package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// playsProxy is the environment variable with which the test binary is the OIDC proxy.
const playsProxy = "WEBAPP_TEST_PLAYS_PROXY"

// playProxy serves the fake proxy at the address in the configuration, until it receives SIGTERM. It ends with status 3
// if the variable playsProxy is "fails".
func playProxy() {
	if os.Getenv(playsProxy) == "fails" {
		os.Exit(3)
	}
	file := ""
	for _, argument := range os.Args {
		if value, found := strings.CutPrefix(argument, "--alpha-config="); found {
			file = value
		}
	}
	content, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	var configuration struct {
		Server struct{ BindAddress string }
	}
	if err := json.Unmarshal(content, &configuration); err != nil {
		panic(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, map[string]http.Handler{configuration.Server.BindAddress: http.HandlerFunc(fakeProxy)}); err != nil {
		panic(err)
	}
}

// newProvider starts an OIDC provider that answers with 503 at first, and returns its URL.
func newProvider(t *testing.T, issuer string) string {
	t.Helper()
	var requests atomic.Int32
	server := httptest.NewServer(nil)
	t.Cleanup(server.Close)
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) < 3 {
			http.Error(w, "starting", http.StatusServiceUnavailable)
			return
		}
		writeJSON(w, http.StatusOK, object{
			"issuer": server.URL + issuer, "authorization_endpoint": "/auth", "token_endpoint": server.URL + "/token", "jwks_uri": server.URL + "/keys",
		})
	})
	return server.URL + issuer
}

// newTestProxy returns a proxy that is the test binary.
func newTestProxy(t *testing.T, provider string) *oidcProxy {
	t.Helper()
	settings := readTestSettings(t)
	settings.provider = provider
	return &oidcProxy{settings: settings, program: os.Args[0], address: address(freePort(t)), interval: time.Millisecond}
}

func TestTheProxyRunsOnceTheProviderAnswers(t *testing.T) {
	t.Setenv(playsProxy, "yes")
	proxy := newTestProxy(t, newProvider(t, "/dex"))
	ctx, stop := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- proxy.run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatalf("the proxy ends: %v", err)
	case <-time.After(10 * time.Second):
		t.Fatal("the proxy is not ready")
	}
	stop()
	select {
	case err := <-ended:
		if err != context.Canceled {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the proxy does not end")
	}
}

func TestTheEndOfTheProxyIsAnError(t *testing.T) {
	t.Setenv(playsProxy, "fails")
	err := newTestProxy(t, newProvider(t, "/dex")).run(context.Background(), func() { t.Error("the proxy is ready") })
	if err == nil || !strings.Contains(err.Error(), "oauth2-proxy") || !strings.Contains(err.Error(), "exit status 3") {
		t.Error(err)
	}
}

func TestAnotherIssuerIsReported(t *testing.T) {
	proxy := newTestProxy(t, strings.TrimSuffix(newProvider(t, "/dex"), "/dex"))
	var err error
	for range 3 {
		_, err = proxy.discover(context.Background())
	}
	if err == nil || !strings.Contains(err.Error(), "issuer did not match the issuer returned by provider") {
		t.Error(err)
	}
}

func TestTheConfigurationOfTheProxy(t *testing.T) {
	t.Setenv("SESSION_MAX_AGE", "3")
	t.Setenv("USERID_CLAIM", "name")
	proxy, directory := newTestProxy(t, provider), t.TempDir()
	found := endpoints{Issuer: provider, Authorization: provider + "/auth", Token: provider + "/token", Keys: provider + "/keys"}
	command, err := proxy.command(context.Background(), found, directory)
	if err != nil {
		t.Fatal(err)
	}
	arguments := strings.Join(command.Args, " ")
	for _, expected := range []string{"--cookie-expire=3s", "--proxy-prefix=/authservice/oidc ", "--redirect-url=/authservice/oidc/callback"} {
		if !strings.Contains(arguments, expected) {
			t.Errorf("%s is not in %s", expected, arguments)
		}
	}
	if secret, err := os.ReadFile(filepath.Join(directory, "client-secret")); err != nil || string(secret) != `se"cre$t` {
		t.Errorf("%s %v", secret, err)
	}
	content, err := os.ReadFile(filepath.Join(directory, "alpha.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, expected := range []string{`"loginURL":"/dex/auth"`, `"emailClaim":"name"`, `"redeemURL":"` + provider + `/token"`, `"scope":"openid profile email groups"`} {
		if !strings.Contains(string(content), expected) {
			t.Errorf("%s is not in %s", expected, content)
		}
	}
	if strings.Contains(string(content), "cre$t") {
		t.Errorf("the secret is in %s", content)
	}
	proxy.settings.authURL = ""
	if provider := proxy.configuration(found, "")["providers"].([]object)[0]; provider["loginURL"] != found.Authorization {
		t.Errorf("%v", provider)
	}
}

func TestTheCookieSecretOutlivesARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cookie-secret")
	first, err := readCookieSecret(file)
	if err != nil || len(first) != 32 {
		t.Fatalf("%q %v", first, err)
	}
	if second, err := readCookieSecret(file); err != nil || second != first {
		t.Errorf("%q %v", second, err)
	}
	if other, err := readCookieSecret(file + "-2"); err != nil || other == first {
		t.Errorf("%q %v", other, err)
	}
}
