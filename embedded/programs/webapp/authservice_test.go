package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

const (
	validSession  = "valid|1700000000|signature"
	forgedSession = "forged|1700000000|signature"
	provider      = "http://dex.auth.svc.cluster.local:5556/dex"
)

// fakeProxy is an OIDC proxy that accepts only one session, and returns the headers that it has received as the body.
func fakeProxy(w http.ResponseWriter, r *http.Request) {
	valid := sessionFromRequest(r) == validSession
	switch {
	case r.URL.Path == "/ping":
	case r.URL.Path == "/authservice/oidc/auth" && valid:
		w.WriteHeader(http.StatusAccepted)
	case r.URL.Path == "/authservice/oidc/callback":
		http.Redirect(w, r, "/logged-in", http.StatusFound)
	case r.URL.Path == "/authservice/oidc/sign_out":
		for _, cookie := range r.Cookies() {
			http.SetCookie(w, &http.Cookie{Name: cookie.Name, MaxAge: -1})
		}
		http.Redirect(w, r, "/", http.StatusFound)
	case valid:
		w.Header().Set(defaultUserHeader, user)
		fmt.Fprint(w, r.Header.Get("X-Forwarded-Uri"))
	case r.Header.Get("Accept") != "":
		w.WriteHeader(http.StatusUnauthorized)
	default:
		http.Redirect(w, r, "/dex/auth?state="+r.URL.Path, http.StatusFound)
	}
}

// tokenOf returns a JSON Web Token of an issuer.
func tokenOf(issuer, subject string) string {
	claims, _ := json.Marshal(object{"iss": issuer, "sub": subject})
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256"}`)) + "." + encode(claims) + ".signature"
}

// fakeTokenReviews is an API server that knows the token of one ServiceAccount for the audience of authservice, and
// reports that of another one as expired.
func fakeTokenReviews(w http.ResponseWriter, r *http.Request) {
	var review struct {
		Spec struct {
			Token     string
			Audiences []string
		}
	}
	json.NewDecoder(r.Body).Decode(&review)
	status := object{"authenticated": false, "error": "invalid bearer token"}
	switch {
	case !reflect.DeepEqual(review.Spec.Audiences, []string{"istio-ingressgateway.istio-system.svc.cluster.local"}):
	case review.Spec.Token == tokenOf("kubernetes", "default-editor"):
		status = object{"authenticated": true, "user": object{"username": "system:serviceaccount:team-a:default-editor"}}
	case review.Spec.Token == tokenOf("kubernetes", "expired"):
		status["error"] = "[invalid bearer token, service account token has expired]"
	}
	writeJSON(w, http.StatusCreated, object{"status": status})
}

// readTestSettings returns the settings of upstream's params.env.
func readTestSettings(t *testing.T) authserviceSettings {
	t.Helper()
	for name, value := range map[string]string{
		"OIDC_PROVIDER": provider, "OIDC_AUTH_URL": "/dex/auth", "OIDC_SCOPES": "profile email groups", "CLIENT_ID": "client",
		"CLIENT_SECRET": `se"cre$t`, "SKIP_AUTH_URLS": " /dex, ", "PORT": `"8080"`, "USERID_PREFIX": "",
		"STORE_PATH": filepath.Join(t.TempDir(), "data.db"),
	} {
		t.Setenv(name, value)
	}
	settings, err := readAuthserviceSettings()
	if err != nil {
		t.Fatal(err)
	}
	return settings
}

// newTestAuthservice returns an authservice with the fake proxy.
func newTestAuthservice(t *testing.T) *authservice {
	t.Helper()
	proxy, reviews := httptest.NewServer(http.HandlerFunc(fakeProxy)), httptest.NewServer(http.HandlerFunc(fakeTokenReviews))
	t.Cleanup(proxy.Close)
	t.Cleanup(reviews.Close)
	settings := readTestSettings(t)
	revoked, err := openRevokedSessions(settings.store)
	if err != nil {
		t.Fatal(err)
	}
	client := &api{url: reviews.URL, client: reviews.Client(), token: func() (string, error) { return "token", nil }}
	service := newAuthservice(settings, revoked, client)
	if service.target, err = url.Parse(proxy.URL); err != nil {
		t.Fatal(err)
	}
	service.isReady.Store(true)
	return service
}

func TestResponsesToTheGateway(t *testing.T) {
	service := newTestAuthservice(t)
	const cookie, account = "authservice_session=", "system:serviceaccount:team-a:default-editor"
	for _, test := range []struct {
		path, cookie, bearer string
		code                 int
		user                 string
	}{
		{"/", cookie + validSession, "", http.StatusOK, user},
		{"/", "", "", http.StatusFound, ""},
		{"/", cookie + forgedSession, "", http.StatusFound, ""},
		{"/api/workgroup/env-info", "", "", http.StatusFound, ""},
		// A session in the header Authorization.
		{"/", "", validSession, http.StatusOK, user},
		{"/", "", forgedSession, http.StatusFound, ""},
		{"/", cookie + validSession, forgedSession, http.StatusOK, user},
		// Tokens of ServiceAccounts.
		{"/", "", tokenOf("kubernetes", "default-editor"), http.StatusOK, account},
		{"/", "", tokenOf("kubernetes", "unknown"), http.StatusFound, ""},
		{"/", "", tokenOf("kubernetes", "expired"), http.StatusUnauthorized, ""},
		{"/", cookie + validSession, "no-token", http.StatusOK, user},
		// Paths that need no session.
		{"/dex/auth/local/login", "", "", http.StatusOK, ""},
		{"/authservice/site/after_logout", "", "", http.StatusOK, ""},
		{"/authservice/oidc/auth", cookie + validSession, "", http.StatusOK, ""},
		{"/authservice/oidc/callback", "", "", http.StatusFound, ""},
		{"/site/after_logout", "", "", http.StatusFound, ""},
	} {
		headers := []string{"Cookie", test.cookie, "kubeflow-userid", "forged@example.com", "Accept", "application/json"}
		if test.bearer != "" {
			headers = append(headers, "Authorization", "Bearer "+test.bearer)
		}
		response := send(service, "GET", test.path, "", headers...)
		if response.Code != test.code || response.Header().Get(defaultUserHeader) != test.user {
			t.Errorf("%v: %d %v", test, response.Code, response.Header())
		}
	}
}

func TestOnlyOpenPathsAreAllowedBeforeTheProviderHasAnswered(t *testing.T) {
	service := newTestAuthservice(t)
	service.isReady.Store(false)
	for path, code := range map[string]int{
		"/dex/auth": http.StatusOK, "/": http.StatusServiceUnavailable, "/authservice/oidc/callback": http.StatusServiceUnavailable,
	} {
		if response := send(service, "GET", path, "", "Cookie", "authservice_session="+validSession); response.Code != code {
			t.Errorf("%s: %d", path, response.Code)
		}
	}
	readiness := http.HandlerFunc(service.serveReadiness)
	if code := send(readiness, "GET", "/", "").Code; code != http.StatusServiceUnavailable {
		t.Error(code)
	}
	service.isReady.Store(true)
	if code := send(readiness, "GET", "/", "").Code; code != http.StatusOK {
		t.Error(code)
	}
}

func TestForwardedHeadersOfTheClientAreRemoved(t *testing.T) {
	response := send(newTestAuthservice(t), "GET", "/", "", "Cookie", "authservice_session="+validSession, "X-Forwarded-Uri", "/dex/")
	if body := response.Body.String(); body != "" {
		t.Errorf("the proxy received X-Forwarded-Uri: %s", body)
	}
}

func TestLogoutRevokesTheSession(t *testing.T) {
	service := newTestAuthservice(t)
	cookies := []string{"Cookie", "authservice_session_1=" + validSession[9:] + "; authservice_session_0=" + validSession[:9]}
	if code := send(service, "POST", "/authservice/logout", "", cookies...).Code; code != http.StatusUnauthorized {
		t.Errorf("the page of another site can revoke the session: %d", code)
	}
	header := []string{"Authorization", "Bearer " + validSession}
	response := send(service, "POST", "/authservice/logout", "", append(header, cookies...)...)
	if response.Code != http.StatusCreated || decode(t, response)["afterLogoutURL"] != "/authservice/site/after_logout" {
		t.Fatalf("%d %s", response.Code, response.Body)
	}
	if removed := response.Result().Cookies(); len(removed) != 2 || removed[0].MaxAge >= 0 {
		t.Errorf("expected the removal of two cookies, seen %v", removed)
	}
	for _, session := range [][]string{cookies, header} {
		if code := send(service, "GET", "/", "", session...).Code; code != http.StatusFound {
			t.Errorf("a copy of the revoked session is accepted: %d", code)
		}
	}
	if code := send(service, "POST", "/authservice/logout", "", header...).Code; code != http.StatusUnauthorized {
		t.Errorf("the session can be revoked twice: %d", code)
	}
	reopened, err := openRevokedSessions(service.settings.store)
	if err != nil || !reopened.contains(validSession) || reopened.contains(forgedSession) {
		t.Errorf("after a restart, the session is not revoked: %v", err)
	}
}

func TestLogoutNeedsOnlyTheHeader(t *testing.T) {
	t.Setenv("AFTER_LOGOUT_URL", "/")
	response := send(newTestAuthservice(t), "POST", "/authservice/logout", "", "Authorization", validSession)
	if response.Code != http.StatusCreated || decode(t, response)["afterLogoutURL"] != "/" {
		t.Errorf("%d %s", response.Code, response.Body)
	}
}

func TestLogoutWithoutAValidSessionIsRejected(t *testing.T) {
	service := newTestAuthservice(t)
	for _, bearer := range []string{"", forgedSession, "valid", tokenOf("kubernetes", "default-editor")} {
		headers := []string{"Authorization", "Bearer " + bearer, "Cookie", "authservice_session=" + validSession}
		if code := send(service, "POST", "/authservice/logout", "", headers...).Code; code != http.StatusUnauthorized {
			t.Errorf("%q: %d", bearer, code)
		}
	}
}

func TestSettingsAreReadFromUpstreamsVariables(t *testing.T) {
	settings := readTestSettings(t)
	if settings.scopes != "openid profile email groups" || settings.redirectURL != "/authservice/oidc/callback" ||
		!reflect.DeepEqual(settings.openPaths, []string{"/dex", "/authservice/"}) || settings.sessionMaxAge != 24*time.Hour {
		t.Errorf("%+v", settings)
	}
	for name, value := range map[string]string{"CLIENT_SECRET": "", "SESSION_MAX_AGE": "a day"} {
		t.Setenv(name, value)
		if _, err := readAuthserviceSettings(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		t.Setenv("CLIENT_SECRET", "secret")
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
