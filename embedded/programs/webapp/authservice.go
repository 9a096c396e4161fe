package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	sessionCookie = "authservice_session"
	// Paths below the prefix of authservice. The OIDC proxy handles all paths that begin with proxyPaths.
	proxyPaths   = "oidc/"
	proxyAuth    = "oidc/auth"
	proxySignOut = "oidc/sign_out"
	afterLogout  = "site/after_logout"
)

// authservice authenticates every request of the gateway. It forwards requests to an OIDC proxy and adds what the proxy
// lacks.
//
// It revokes sessions permanently and enforces SESSION_MAX_AGE. The proxy stores a session only in its cookie, and
// would accept a copy of the cookie for a day.
type authservice struct {
	prefix    string
	openPaths []string // prefixes of paths that need no session
	proxy     http.Handler
	target    *url.URL // of the proxy
	client    *http.Client
	revoked   *revokedSessions
	maxAge    time.Duration // of a session

	provider        string      // URL of the OIDC provider
	providerReached atomic.Bool // whether the provider has ever responded
}

// serveAuthservice serves on the three ports of authservice: requests of the gateway, readiness, and pages.
func serveAuthservice(ctx context.Context, proxy string) error {
	target, err := url.Parse(proxy)
	if err != nil {
		return err
	}
	revoked, err := openRevokedSessions(envOrDefault("STORE_PATH", "/var/lib/authservice/data.db"))
	if err != nil {
		return err
	}
	seconds, err := strconv.Atoi(envOrDefault("SESSION_MAX_AGE", "86400"))
	if err != nil {
		return fmt.Errorf("SESSION_MAX_AGE is not a number of seconds: %w", err)
	}
	prefix := envOrDefault("AUTHSERVICE_URL_PREFIX", "/authservice/")
	service := newAuthservice(target, prefix, strings.Split(os.Getenv("SKIP_AUTH_URLS"), ","), revoked)
	service.maxAge = time.Duration(seconds) * time.Second
	service.provider = os.Getenv("OIDC_PROVIDER")
	return serve(ctx, map[string]http.Handler{
		":8080": service,
		":8081": http.HandlerFunc(service.serveReadiness),
		":8082": http.HandlerFunc(serveSite),
	})
}

func newAuthservice(target *url.URL, prefix string, skippedPaths []string, revoked *revokedSessions) *authservice {
	service := &authservice{prefix: prefix, openPaths: []string{prefix}, target: target, revoked: revoked, maxAge: 24 * time.Hour}
	for _, path := range skippedPaths {
		if path = strings.TrimSpace(path); path != "" {
			service.openPaths = append(service.openPaths, path)
		}
	}
	service.client = &http.Client{
		Timeout:       5 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	service.proxy = &httputil.ReverseProxy{Rewrite: func(request *httputil.ProxyRequest) {
		request.SetURL(target)
		request.Out.Host = request.In.Host
		for name := range request.Out.Header {
			if strings.HasPrefix(name, "X-Forwarded-") { // no client is trusted to set these headers
				request.Out.Header.Del(name)
			}
		}
	}}
	return service
}

func (a *authservice) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if session := sessionFromRequest(r); session != "" && (a.revoked.contains(session) || a.isExpired(session)) {
		removeSession(r)
	}
	switch {
	case r.Method == http.MethodPost && r.URL.Path == a.prefix+"logout":
		a.logout(w, r)
	case strings.HasPrefix(r.URL.Path, a.prefix+proxyPaths):
		a.proxy.ServeHTTP(w, r)
	case a.isOpen(r.URL.Path):
		fmt.Fprintln(w, "OK")
	default:
		a.proxy.ServeHTTP(w, r)
	}
}

// isExpired reports whether a session is older than its maximum age. The proxy signs and verifies the creation time.
func (a *authservice) isExpired(session string) bool {
	parts := strings.Split(session, "|")
	if len(parts) != 3 {
		return false
	}
	created, err := strconv.ParseInt(parts[1], 10, 64)
	return err == nil && time.Since(time.Unix(created, 0)) >= a.maxAge
}

// isOpen reports whether a path needs no session.
func (a *authservice) isOpen(path string) bool {
	for _, prefix := range a.openPaths {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// logout revokes the session of a request. As upstream's, it requires the session in the Authorization header too,
// which the page of another site cannot send, and responds with 201: after a 200, the gateway would forward the
// request.
func (a *authservice) logout(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+sessionFromRequest(r) {
		http.Error(w, "", http.StatusUnauthorized)
		return
	}
	if status, _, err := a.callProxy(r, proxyAuth); err != nil || status != http.StatusAccepted {
		http.Error(w, "", http.StatusUnauthorized)
		return
	}
	_, header, err := a.callProxy(r, proxySignOut)
	if err == nil {
		err = a.revoked.add(sessionFromRequest(r))
	}
	if err != nil {
		http.Error(w, "the session could not be revoked, please try again", http.StatusServiceUnavailable)
		return
	}
	for _, cookie := range header.Values("Set-Cookie") {
		w.Header().Add("Set-Cookie", cookie)
	}
	writeJSON(w, http.StatusCreated, map[string]string{"afterLogoutURL": a.prefix + afterLogout})
}

// callProxy sends a request for a path of the proxy, with the cookies of another request, and returns status and header
// of the response.
func (a *authservice) callProxy(r *http.Request, path string) (int, http.Header, error) {
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, a.target.JoinPath(a.prefix, path).String(), nil)
	if err != nil {
		return 0, nil, err
	}
	request.Host = r.Host
	for _, cookie := range r.Cookies() {
		request.AddCookie(cookie)
	}
	response, err := a.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	return response.StatusCode, response.Header, response.Body.Close()
}

// serveReadiness responds with 200 if the proxy is ready and the OIDC provider has responded at least once. As
// upstream's, it remains ready if the provider is unavailable later.
func (a *authservice) serveReadiness(w http.ResponseWriter, r *http.Request) {
	if !a.providerReached.Load() {
		response, err := a.client.Get(a.provider + "/.well-known/openid-configuration")
		if err == nil {
			err = response.Body.Close()
		}
		if err != nil || response.StatusCode != http.StatusOK {
			http.Error(w, "OIDC provider setup failed: "+a.provider+" is not available", http.StatusServiceUnavailable)
			return
		}
		a.providerReached.Store(true)
	}
	if status, _, err := a.callProxy(r, "../ping"); err != nil || status != http.StatusOK {
		http.Error(w, "the OIDC proxy is not available", http.StatusServiceUnavailable)
	}
}

// serveSite serves the pages of authservice.
func serveSite(w http.ResponseWriter, r *http.Request) {
	heading := map[string]string{
		"/site/homepage":  "Welcome.",
		"/" + afterLogout: "You are logged out.",
		"/site/themes":    "This server has only one theme.",
	}[r.URL.Path]
	if heading == "" {
		http.NotFound(w, r)
		return
	}
	writePage(w, fmt.Appendf(nil, sitePage, heading))
}

const sitePage = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>AuthService</title></head>
<body><h1>%s</h1><p><a href="/">Log in</a></p><p>This page is served by a stand-in for oidc-authservice.</p></body></html>
`

// sessionFromRequest returns the value of the session cookie, which the proxy splits into several cookies if it is
// long.
func sessionFromRequest(r *http.Request) string {
	parts := map[string]string{}
	for _, cookie := range r.Cookies() {
		if isSessionCookie(cookie.Name) {
			parts[cookie.Name] = cookie.Value
		}
	}
	names := make([]string, 0, len(parts))
	for name := range parts {
		names = append(names, name)
	}
	sort.Strings(names)
	var session strings.Builder
	for _, name := range names {
		session.WriteString(parts[name])
	}
	return session.String()
}

// isSessionCookie reports whether this is the name of the session cookie, or of one of its parts.
func isSessionCookie(name string) bool {
	suffix, found := strings.CutPrefix(name, sessionCookie)
	return found && (suffix == "" || strings.Trim(suffix, "_0123456789") == "")
}

// removeSession removes the session cookies from a request.
func removeSession(r *http.Request) {
	cookies := r.Cookies()
	r.Header.Del("Cookie")
	for _, cookie := range cookies {
		if !isSessionCookie(cookie.Name) {
			r.AddCookie(cookie)
		}
	}
}

// revokedSessions stores the digests of revoked sessions in a file.
type revokedSessions struct {
	lock    sync.RWMutex
	digests map[string]bool
	file    *os.File
}

// openRevokedSessions reads the digests from a file, and creates the file if it does not exist.
func openRevokedSessions(path string) (*revokedSessions, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	digests := map[string]bool{}
	for _, line := range bytes.Fields(content) {
		digests[string(line)] = true
	}
	return &revokedSessions{digests: digests, file: file}, nil
}

func (s *revokedSessions) add(session string) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.digests[digest(session)] = true
	_, err := fmt.Fprintln(s.file, digest(session))
	return err
}

func (s *revokedSessions) contains(session string) bool {
	s.lock.RLock()
	defer s.lock.RUnlock()
	return s.digests[digest(session)]
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
