package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	proxyProgram = "/oauth2-proxy"
	proxyAddress = "127.0.0.1:4180"
	// providerInterval is the time between two requests to an OIDC provider that is not available.
	providerInterval = time.Second
	// pollInterval is the time between two requests to the proxy while it starts.
	pollInterval = 20 * time.Millisecond
	// proxyEndTimeout is the time for the proxy to end.
	proxyEndTimeout = 5 * time.Second
)

// endpoints are the URLs of an OIDC provider.
type endpoints struct {
	Issuer        string `json:"issuer"`
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
	Keys          string `json:"jwks_uri"`
}

// oidcProxy runs oauth2-proxy with the settings of authservice.
type oidcProxy struct {
	settings authserviceSettings
	program  string
	address  string
	interval time.Duration // between two requests to a provider that is not available
}

// run waits for the OIDC provider, and runs the proxy until the context is done or the proxy ends, which is an error. It
// calls ready as soon as the proxy answers.
func (p *oidcProxy) run(ctx context.Context, ready func()) error {
	found, err := p.waitForProvider(ctx)
	if err != nil {
		return err
	}
	directory, err := os.MkdirTemp("", "oauth2-proxy")
	if err != nil {
		return err
	}
	defer os.RemoveAll(directory)
	command, err := p.command(ctx, found, directory)
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	go p.waitUntilReady(waiting, ready)
	command.Wait() // its error is in the state of the process
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("oauth2-proxy, a part of the stand-in for oidc-authservice, has ended: %v", command.ProcessState)
}

// waitForProvider returns the URLs of the provider as soon as it answers.
func (p *oidcProxy) waitForProvider(ctx context.Context) (endpoints, error) {
	logged := ""
	for {
		found, err := p.discover(ctx)
		if err == nil || ctx.Err() != nil {
			return found, ctx.Err()
		}
		if err.Error() != logged {
			logged = err.Error()
			log.Printf("OIDC provider setup failed, trying again: %v", err)
		}
		select {
		case <-ctx.Done():
			return found, ctx.Err()
		case <-time.After(p.interval):
		}
	}
}

// discover requests the URLs of the provider.
func (p *oidcProxy) discover(ctx context.Context) (endpoints, error) {
	var found endpoints
	ctx, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	address := strings.TrimSuffix(p.settings.provider, "/") + "/.well-known/openid-configuration"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return found, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return found, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return found, fmt.Errorf("%s returns %s", address, response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(&found); err != nil {
		return found, fmt.Errorf("%s returns no JSON: %w", address, err)
	}
	if found.Issuer != p.settings.provider {
		return found, fmt.Errorf("oidc: issuer did not match the issuer returned by provider, expected %q got %q",
			p.settings.provider, found.Issuer)
	}
	return found, nil
}

// command returns the command that starts the proxy, after writing its configuration into a directory.
func (p *oidcProxy) command(ctx context.Context, found endpoints, directory string) (*exec.Cmd, error) {
	configuration, err := json.Marshal(p.configuration(found, filepath.Join(directory, "client-secret")))
	if err != nil {
		return nil, err
	}
	for name, content := range map[string]string{"client-secret": p.settings.clientSecret, "alpha.yaml": string(configuration)} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(content), 0o600); err != nil {
			return nil, err
		}
	}
	secret, err := readCookieSecret(filepath.Join(filepath.Dir(p.settings.store), "cookie-secret"))
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, p.program,
		"--alpha-config="+filepath.Join(directory, "alpha.yaml"),
		"--proxy-prefix="+p.settings.prefix+proxyPrefix,
		"--redirect-url="+p.settings.redirectURL,
		"--relative-redirect-url=true",
		"--skip-provider-button=true",
		"--skip-jwt-bearer-tokens=true",
		"--email-domain=*",
		"--cookie-name="+sessionCookie,
		"--cookie-expire="+p.settings.sessionMaxAge.String(),
		"--cookie-samesite="+p.settings.sameSite,
		// As in upstream's authservice: the dashboard reads the cookie for the logout.
		"--cookie-httponly=false",
		// The gateway serves plain HTTP, as upstream's does.
		"--cookie-secure=false",
	)
	command.Env = append(os.Environ(), "OAUTH2_PROXY_COOKIE_SECRET="+secret)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = proxyEndTimeout
	return command, nil
}

// configuration returns the structured part of the proxy's configuration. JSON is valid YAML.
func (p *oidcProxy) configuration(found endpoints, secretFile string) object {
	// The browser reaches the provider through the gateway, this program through a Service, so the URL of the login may
	// differ from that of the provider itself.
	loginURL := p.settings.authURL
	if loginURL == "" {
		loginURL = found.Authorization
	}
	return object{
		"server": object{"BindAddress": p.address},
		// The gateway forwards a request if the proxy responds with 200.
		"upstreamConfig": object{"upstreams": []object{{"id": "pass", "path": "/", "static": true, "staticCode": http.StatusOK}}},
		// The proxy knows the user's claim as the email address; see emailClaim.
		"injectResponseHeaders": []object{{
			"name": p.settings.userHeader, "values": []object{{"claim": "email", "prefix": p.settings.userPrefix}},
		}},
		"providers": []object{{
			"id":               "oidc",
			"provider":         "oidc",
			"clientID":         p.settings.clientID,
			"clientSecretFile": secretFile,
			"scope":            p.settings.scopes,
			"loginURL":         loginURL,
			"redeemURL":        found.Token,
			"oidcConfig": object{
				"issuerURL":                    p.settings.provider,
				"jwksURL":                      found.Keys,
				"skipDiscovery":                true,
				"insecureSkipNonce":            true,
				"insecureAllowUnverifiedEmail": true,
				"emailClaim":                   p.settings.userClaim,
				"audienceClaims":               []string{"aud"},
			},
		}},
	}
}

// waitUntilReady calls ready as soon as the proxy answers.
func (p *oidcProxy) waitUntilReady(ctx context.Context, ready func()) {
	address := (&url.URL{Scheme: "http", Host: p.address, Path: "/ping"}).String()
	for ctx.Err() == nil {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			log.Printf("oauth2-proxy: %v", err)
			return
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				ready()
				return
			}
		}
		time.Sleep(pollInterval)
	}
}

// readCookieSecret returns the secret in a file, and creates the file with a random secret if it does not exist, so that
// sessions outlive a restart. The proxy uses the 32 characters as a key.
func readCookieSecret(file string) (string, error) {
	content, err := os.ReadFile(file)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return string(content), err
	}
	key := make([]byte, 16)
	rand.Read(key) // never fails
	secret := hex.EncodeToString(key)
	return secret, os.WriteFile(file, []byte(secret), 0o600)
}
