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
	// Of the OIDC proxy, below the prefix: its own paths, and two of them.
	proxyPaths  = "oidc/"
	proxySignOn = "oidc/auth"
	proxyOut    = "oidc/sign_out"
	afterLogout = "site/after_logout"
)

// authservice is what the gateway asks about every request: an OIDC proxy, and before it what that one lacks.
//
// It ends sessions for good, and when SESSION_MAX_AGE says so. The proxy keeps a session in the cookie alone, and would
// take a copy of it for a day.
type authservice struct {
	prefix  string
	skipped []string
	proxy   http.Handler
	target  *url.URL
	client  *http.Client
	ended   *endedSessions
	// How long a session lasts.
	maxAge time.Duration
	// The OIDC provider, and whether it was ever seen.
	provider string
	seen     atomic.Bool
}

// serveAuthservice serves on authservice's three ports: what the gateway asks, readiness, and pages.
func serveAuthservice(ctx context.Context, proxy string) error {
	target, err := url.Parse(proxy)
	if err != nil {
		return err
	}
	ended, err := openEndedSessions(setting("STORE_PATH", "/var/lib/authservice/data.db"))
	if err != nil {
		return err
	}
	seconds, err := strconv.Atoi(setting("SESSION_MAX_AGE", "86400"))
	if err != nil {
		return fmt.Errorf("SESSION_MAX_AGE is not a number of seconds: %w", err)
	}
	prefix := setting("AUTHSERVICE_URL_PREFIX", "/authservice/")
	front := newAuthservice(target, prefix, strings.Split(os.Getenv("SKIP_AUTH_URLS"), ","), ended)
	front.maxAge = time.Duration(seconds) * time.Second
	front.provider = os.Getenv("OIDC_PROVIDER")
	return serve(ctx, map[string]http.Handler{
		":8080": front,
		":8081": http.HandlerFunc(front.ready),
		":8082": http.HandlerFunc(site),
	})
}

func newAuthservice(target *url.URL, prefix string, skipped []string, ended *endedSessions) *authservice {
	front := &authservice{prefix: prefix, skipped: []string{prefix}, target: target, ended: ended, maxAge: 24 * time.Hour}
	for _, path := range skipped {
		if path = strings.TrimSpace(path); path != "" {
			front.skipped = append(front.skipped, path)
		}
	}
	front.client = &http.Client{
		Timeout:       5 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	front.proxy = &httputil.ReverseProxy{Rewrite: func(request *httputil.ProxyRequest) {
		request.SetURL(target)
		request.Out.Host = request.In.Host
		for name := range request.Out.Header {
			if strings.HasPrefix(name, "X-Forwarded-") { // nobody between this program and a client is trusted to set them
				request.Out.Header.Del(name)
			}
		}
	}}
	return front
}

func (a *authservice) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if session := sessionOf(r); session != "" && (a.ended.has(session) || a.isOver(session)) {
		withoutSession(r)
	}
	switch {
	case r.Method == http.MethodPost && r.URL.Path == a.prefix+"logout":
		a.logout(w, r)
	case strings.HasPrefix(r.URL.Path, a.prefix+proxyPaths):
		a.proxy.ServeHTTP(w, r)
	case a.skips(r.URL.Path):
		fmt.Fprintln(w, "OK")
	default:
		a.proxy.ServeHTTP(w, r)
	}
}

// isOver tells whether the time of a session is over. It is the proxy that signs, and checks, when a session was made.
func (a *authservice) isOver(session string) bool {
	parts := strings.Split(session, "|")
	if len(parts) != 3 {
		return false
	}
	made, err := strconv.ParseInt(parts[1], 10, 64)
	return err == nil && time.Since(time.Unix(made, 0)) >= a.maxAge
}

func (a *authservice) skips(path string) bool {
	for _, prefix := range a.skipped {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// logout ends the session of a request. As upstream's, it wants the session in a header, too, which no other site's page
// can send, and answers 201: a 200 would let the gateway pass the request on.
func (a *authservice) logout(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+sessionOf(r) {
		http.Error(w, "", http.StatusUnauthorized)
		return
	}
	if status, _, err := a.asProxy(r, proxySignOn); err != nil || status != http.StatusAccepted {
		http.Error(w, "", http.StatusUnauthorized)
		return
	}
	_, header, err := a.asProxy(r, proxyOut)
	if err == nil {
		err = a.ended.add(sessionOf(r))
	}
	if err != nil {
		http.Error(w, "the session could not be ended, please try again", http.StatusServiceUnavailable)
		return
	}
	for _, cookie := range header.Values("Set-Cookie") {
		w.Header().Add("Set-Cookie", cookie)
	}
	answer(w, http.StatusCreated, map[string]string{"afterLogoutURL": a.prefix + afterLogout})
}

// asProxy asks the proxy one of its own paths with the cookies of a request.
func (a *authservice) asProxy(r *http.Request, path string) (int, http.Header, error) {
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

// ready says whether the proxy is, and whether the provider was ever reached: as upstream's, it goes on without it then.
func (a *authservice) ready(w http.ResponseWriter, r *http.Request) {
	if !a.seen.Load() {
		response, err := a.client.Get(a.provider + "/.well-known/openid-configuration")
		if err == nil {
			err = response.Body.Close()
		}
		if err != nil || response.StatusCode != http.StatusOK {
			http.Error(w, "OIDC provider setup failed: "+a.provider+" does not answer", http.StatusServiceUnavailable)
			return
		}
		a.seen.Store(true)
	}
	if status, _, err := a.asProxy(r, "../ping"); err != nil || status != http.StatusOK {
		http.Error(w, "the OIDC proxy does not answer", http.StatusServiceUnavailable)
	}
}

// site is the web server with authservice's pages.
func site(w http.ResponseWriter, r *http.Request) {
	said := map[string]string{
		"/site/homepage":  "Welcome.",
		"/" + afterLogout: "You are logged out.",
		"/site/themes":    "There is one theme, and this is it.",
	}[r.URL.Path]
	if said == "" {
		http.NotFound(w, r)
		return
	}
	page(w, fmt.Appendf(nil, sitePage, said))
}

const sitePage = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>AuthService</title></head>
<body><h1>%s</h1><p><a href="/">Log in</a></p><p>A stand-in of oidc-authservice serves this page.</p></body></html>
`

// sessionOf is the value of the session's cookie, which the proxy divides among several when it is long.
func sessionOf(r *http.Request) string {
	parts := map[string]string{}
	for _, cookie := range r.Cookies() {
		if isSession(cookie.Name) {
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

func isSession(name string) bool {
	rest, found := strings.CutPrefix(name, sessionCookie)
	return found && (rest == "" || strings.Trim(rest, "_0123456789") == "")
}

func withoutSession(r *http.Request) {
	cookies := r.Cookies()
	r.Header.Del("Cookie")
	for _, cookie := range cookies {
		if !isSession(cookie.Name) {
			r.AddCookie(cookie)
		}
	}
}

// endedSessions remembers sessions that were ended, by their digests, in a file.
type endedSessions struct {
	lock    sync.RWMutex
	digests map[string]bool
	file    *os.File
}

func openEndedSessions(path string) (*endedSessions, error) {
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
	return &endedSessions{digests: digests, file: file}, nil
}

func (e *endedSessions) add(session string) error {
	e.lock.Lock()
	defer e.lock.Unlock()
	e.digests[digest(session)] = true
	_, err := fmt.Fprintln(e.file, digest(session))
	return err
}

func (e *endedSessions) has(session string) bool {
	e.lock.RLock()
	defer e.lock.RUnlock()
	return e.digests[digest(session)]
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
