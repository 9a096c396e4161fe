package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fakeProxy is an OIDC proxy that accepts only the session "valid", and returns the header X-Forwarded-Uri as the body.
func fakeProxy(w http.ResponseWriter, r *http.Request) {
	value, _, _ := strings.Cut(sessionFromRequest(r), "|")
	valid := value == "valid"
	switch {
	case r.URL.Path == "/ping":
	case r.URL.Path == "/authservice/oidc/auth" && valid:
		w.WriteHeader(http.StatusAccepted)
	case r.URL.Path == "/authservice/oidc/sign_out":
		http.SetCookie(w, &http.Cookie{Name: sessionCookie, MaxAge: -1})
		http.Redirect(w, r, "/", http.StatusFound)
	case valid:
		w.Header().Set(defaultUserHeader, user)
		fmt.Fprint(w, r.Header.Get("X-Forwarded-Uri"))
	default:
		http.Redirect(w, r, "/dex/auth?state="+r.URL.Path, http.StatusFound)
	}
}

// newTestAuthservice returns an authservice with the fake proxy, and the path of its file of revoked sessions.
func newTestAuthservice(t *testing.T) (*authservice, string) {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(fakeProxy))
	t.Cleanup(proxy.Close)
	target, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "data.db")
	revoked, err := openRevokedSessions(file)
	if err != nil {
		t.Fatal(err)
	}
	return newAuthservice(target, "/authservice/", []string{" /dex", ""}, revoked), file
}

func TestResponsesToTheGateway(t *testing.T) {
	service, _ := newTestAuthservice(t)
	const valid, forged = "authservice_session=valid", "authservice_session=forged"
	for _, test := range []struct {
		path, cookie string
		code         int
		user         string
	}{
		{"/", valid, http.StatusOK, user},
		{"/", "", http.StatusFound, ""},
		{"/", forged, http.StatusFound, ""},
		{"/api/workgroup/env-info", "", http.StatusFound, ""},
		{"/dex/auth/local/login", "", http.StatusOK, ""},
		{"/authservice/site/after_logout", "", http.StatusOK, ""},
		{"/authservice/oidc/auth", valid, http.StatusAccepted, ""},
		{"/site/after_logout", "", http.StatusFound, ""},
	} {
		response := send(service, "GET", test.path, "", "Cookie", test.cookie, "kubeflow-userid", "forged@example.com")
		if response.Code != test.code || response.Header().Get(defaultUserHeader) != test.user {
			t.Errorf("%v: %d %v", test, response.Code, response.Header())
		}
	}
}

func TestForwardedHeadersOfTheClientAreRemoved(t *testing.T) {
	service, _ := newTestAuthservice(t)
	response := send(service, "GET", "/", "", "Cookie", "authservice_session=valid", "X-Forwarded-Uri", "/dex/")
	if body := response.Body.String(); body != "" {
		t.Errorf("the proxy received X-Forwarded-Uri: %s", body)
	}
}

func TestLogoutRevokesTheSession(t *testing.T) {
	service, file := newTestAuthservice(t)
	cookies := []string{"Cookie", "authservice_session_1=lid; other=kept; authservice_session_0=va"}
	if code := send(service, "POST", "/authservice/logout", "", cookies...).Code; code != http.StatusUnauthorized {
		t.Errorf("the page of another site can revoke the session: %d", code)
	}
	headers := append([]string{"Authorization", "Bearer valid"}, cookies...)
	response := send(service, "POST", "/authservice/logout", "", headers...)
	if response.Code != http.StatusCreated || decode(t, response)["afterLogoutURL"] != "/authservice/site/after_logout" {
		t.Fatalf("%d %s", response.Code, response.Body)
	}
	if removed := response.Result().Cookies(); len(removed) != 1 || removed[0].MaxAge >= 0 {
		t.Errorf("expected the removal of one cookie, seen %v", removed)
	}
	if code := send(service, "GET", "/", "", cookies...).Code; code != http.StatusFound {
		t.Errorf("a copy of the revoked session is accepted: %d", code)
	}
	if code := send(service, "POST", "/authservice/logout", "", headers...).Code; code != http.StatusUnauthorized {
		t.Errorf("the session can be revoked twice: %d", code)
	}
	reopened, err := openRevokedSessions(file)
	if err != nil || !reopened.contains("valid") || reopened.contains("other") {
		t.Errorf("after a restart, the session is not revoked: %v", err)
	}
}

func TestSessionsExpire(t *testing.T) {
	service, _ := newTestAuthservice(t)
	service.maxAge = time.Minute
	for age, code := range map[time.Duration]int{
		30 * time.Second: http.StatusOK,
		time.Minute:      http.StatusFound,
		time.Hour:        http.StatusFound,
	} {
		session := fmt.Sprintf("valid|%d|signature", time.Now().Add(-age).Unix())
		cookies := fmt.Sprintf("authservice_session_0=%s; authservice_session_1=%s", session[:9], session[9:])
		if response := send(service, "GET", "/", "", "Cookie", cookies); response.Code != code {
			t.Errorf("a session of the age %v: status %d, expected %d", age, response.Code, code)
		}
	}
}

func TestLogoutWithoutAValidSessionIsRejected(t *testing.T) {
	service, _ := newTestAuthservice(t)
	for cookie, token := range map[string]string{
		"": "", "authservice_session=forged": "forged", "authservice_session_csrf=valid": "valid",
	} {
		headers := []string{"Cookie", cookie, "Authorization", "Bearer " + token}
		if code := send(service, "POST", "/authservice/logout", "", headers...).Code; code != http.StatusUnauthorized {
			t.Errorf("%q: %d", cookie, code)
		}
	}
}

func TestReadinessNeedsTheProxyAndTheProvider(t *testing.T) {
	service, _ := newTestAuthservice(t)
	readiness := http.HandlerFunc(service.serveReadiness)
	provider := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	service.provider = "http://127.0.0.1:1/dex"
	if code := send(readiness, "GET", "/", "").Code; code != http.StatusServiceUnavailable {
		t.Errorf("without a provider: %d", code)
	}
	service.provider = provider.URL
	if code := send(readiness, "GET", "/", "").Code; code != http.StatusOK {
		t.Errorf("with proxy and provider: %d", code)
	}
	provider.Close()
	if code := send(readiness, "GET", "/", "").Code; code != http.StatusOK {
		t.Errorf("after the provider has stopped: %d", code)
	}
	service.target = &url.URL{Scheme: "http", Host: "127.0.0.1:1"}
	if code := send(readiness, "GET", "/", "").Code; code != http.StatusServiceUnavailable {
		t.Errorf("without a proxy: %d", code)
	}
}

func TestPagesOfAuthservice(t *testing.T) {
	for path, text := range map[string]string{"/site/after_logout": "You are logged out.", "/site/homepage": "stand-in"} {
		if page := send(http.HandlerFunc(serveSite), "GET", path, ""); !strings.Contains(page.Body.String(), text) {
			t.Errorf("%s: %s", path, page.Body)
		}
	}
	if code := send(http.HandlerFunc(serveSite), "GET", "/site/other", "").Code; code != http.StatusNotFound {
		t.Error(code)
	}
}
