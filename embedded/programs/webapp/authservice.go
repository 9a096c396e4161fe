package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// Paths below the prefix of authservice.
	callbackPath    = "oidc/callback"
	logoutPath      = "logout"
	afterLogoutPath = "site/after_logout"
	// Paths of the OIDC proxy below that prefix.
	proxyPrefix  = "oidc"
	proxyAuth    = proxyPrefix + "/auth"
	proxySignOut = proxyPrefix + "/sign_out"
)

// authservice authenticates every request of the gateway. An OIDC proxy logs users in; authservice forwards requests to
// it and adds what it lacks.
//
// It revokes sessions permanently: the proxy stores a session only in its cookie, and would accept a copy of the cookie
// until it expires. It accepts a session and a token in the header Authorization.
type authservice struct {
	settings authserviceSettings
	proxy    http.Handler
	target   *url.URL // of the proxy
	client   *http.Client
	revoked  *revokedSessions
	tokens   *tokenReviewer
	isReady  atomic.Bool // whether the proxy has been started, which is after the OIDC provider has answered
}

// runAuthservice serves on the three ports of authservice: requests of the gateway, readiness, and pages. It ends when
// the OIDC proxy ends.
func runAuthservice(ctx context.Context, _ []string) error {
	settings, err := readAuthserviceSettings()
	if err != nil {
		return err
	}
	revoked, err := openRevokedSessions(settings.store)
	if err != nil {
		return fmt.Errorf("the stand-in for oidc-authservice cannot open its store: %w", err)
	}
	api, err := newInClusterAPI()
	if err != nil {
		return err
	}
	service := newAuthservice(settings, revoked, api)
	ctx, stop := context.WithCancelCause(ctx)
	proxy := &oidcProxy{settings: settings, program: proxyProgram, address: proxyAddress, interval: providerInterval}
	go func() { stop(proxy.run(ctx, func() { service.isReady.Store(true) })) }()
	err = serve(ctx, map[string]http.Handler{
		":8080": service,
		":8081": http.HandlerFunc(service.serveReadiness),
		":8082": http.HandlerFunc(serveSite),
	})
	stop(err)
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// newAuthservice returns an authservice that forwards requests to the OIDC proxy at proxyAddress.
func newAuthservice(settings authserviceSettings, revoked *revokedSessions, api *api) *authservice {
	service := &authservice{
		settings: settings,
		target:   &url.URL{Scheme: "http", Host: proxyAddress},
		revoked:  revoked,
		tokens:   &tokenReviewer{api: api, audiences: settings.audiences, issuer: settings.provider},
	}
	service.client = &http.Client{
		Timeout:       5 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	service.proxy = &httputil.ReverseProxy{Rewrite: func(request *httputil.ProxyRequest) {
		request.SetURL(service.target)
		request.Out.Host = request.In.Host
		for name := range request.Out.Header {
			if strings.HasPrefix(name, "X-Forwarded-") { // no client is trusted to set these headers
				request.Out.Header.Del(name)
			}
		}
		// The proxy would answer a request for JSON with 401; authservice redirects every request to the login.
		request.Out.Header.Del("Accept")
	}}
	return service
}

func (a *authservice) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodPost && r.URL.Path == a.settings.prefix+logoutPath:
		a.logout(w, r)
	case a.isOpen(r.URL.Path) && r.URL.Path != a.settings.prefix+callbackPath:
		fmt.Fprint(w, "OK")
	case !a.isReady.Load():
		http.Error(w, "OIDC Setup is not complete yet.", http.StatusServiceUnavailable)
	default:
		a.authenticate(w, r)
	}
}

// isOpen reports whether a path needs no session.
func (a *authservice) isOpen(path string) bool {
	for _, prefix := range a.settings.openPaths {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// authenticate responds with 200 and the user header, or redirects to the login. It accepts the session in the header
// Authorization or in the cookie, the OIDC provider's token for this client, and the token of a ServiceAccount.
func (a *authservice) authenticate(w http.ResponseWriter, r *http.Request) {
	bearer := bearerFromRequest(r)
	switch {
	case isSession(bearer):
		if a.isValid(r, bearer) {
			r.Header.Set("Cookie", sessionCookie+"="+bearer)
		}
	case bearer != "":
		user, err := a.tokens.review(r.Context(), bearer)
		if errors.Is(err, errTokenExpired) {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		if err != nil {
			log.Printf("review of a token: %v", err)
		}
		if user != "" {
			w.Header().Set(a.settings.userHeader, a.settings.userPrefix+user)
			return
		}
	}
	if a.revoked.contains(sessionFromRequest(r)) {
		removeSession(r)
	}
	a.proxy.ServeHTTP(w, r)
}

// isValid reports whether the OIDC proxy accepts a session that is not revoked.
func (a *authservice) isValid(r *http.Request, session string) bool {
	if a.revoked.contains(session) {
		return false
	}
	status, _, err := a.callProxy(r, proxyAuth, sessionCookie+"="+session)
	return err == nil && status == http.StatusAccepted
}

// logout revokes a session. As upstream's, it accepts the session in the header Authorization only, which the page of
// another site cannot send, and responds with 201: after a 200, the gateway would forward the request.
func (a *authservice) logout(w http.ResponseWriter, r *http.Request) {
	session := bearerFromRequest(r)
	if !isSession(session) || !a.isValid(r, session) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	_, header, err := a.callProxy(r, proxySignOut, r.Header.Get("Cookie"))
	if err == nil {
		err = a.revoked.add(session)
	}
	if err != nil {
		http.Error(w, "the session could not be revoked, please try again", http.StatusServiceUnavailable)
		return
	}
	for _, cookie := range header.Values("Set-Cookie") {
		w.Header().Add("Set-Cookie", cookie)
	}
	writeJSON(w, http.StatusCreated, map[string]string{"afterLogoutURL": a.settings.afterLogoutURL})
}

// callProxy requests a path of the proxy with cookies, and returns status and header of the response.
func (a *authservice) callProxy(r *http.Request, path, cookies string) (int, http.Header, error) {
	address := a.target.JoinPath(a.settings.prefix, path).String()
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, address, nil)
	if err != nil {
		return 0, nil, err
	}
	request.Host = r.Host
	request.Header.Set("Cookie", cookies)
	response, err := a.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	return response.StatusCode, response.Header, response.Body.Close()
}

// serveReadiness responds with 200 if the OIDC provider has answered, and the proxy has been started. As upstream's, it
// remains ready if the provider is unavailable later.
func (a *authservice) serveReadiness(w http.ResponseWriter, _ *http.Request) {
	if !a.isReady.Load() {
		http.Error(w, "OIDC provider setup failed: "+a.settings.provider+" is not available", http.StatusServiceUnavailable)
	}
}

// serveSite serves the pages of authservice.
func serveSite(w http.ResponseWriter, r *http.Request) {
	heading := map[string]string{
		"/site/homepage":      "Welcome.",
		"/" + afterLogoutPath: "You are logged out.",
		"/site/themes":        "This server has only one theme.",
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
