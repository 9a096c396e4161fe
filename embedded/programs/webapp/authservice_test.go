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

// proxyStandIn is an OIDC proxy that takes one session, and tells what it was asked.
func proxyStandIn(w http.ResponseWriter, r *http.Request) {
	value, _, _ := strings.Cut(sessionOf(r), "|")
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

func anAuthservice(t *testing.T) (http.Handler, string) {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(proxyStandIn))
	t.Cleanup(proxy.Close)
	target, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "data.db")
	ended, err := openEndedSessions(file)
	if err != nil {
		t.Fatal(err)
	}
	return newAuthservice(target, "/authservice/", []string{" /dex", ""}, ended), file
}

func TestWhatTheGatewayIsAnswered(t *testing.T) {
	front, _ := anAuthservice(t)
	const valid, forged = "authservice_session=valid", "authservice_session=forged"
	for _, asked := range []struct {
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
		answered := ask(front, "GET", asked.path, "", "Cookie", asked.cookie, "kubeflow-userid", "forged@example.com")
		if answered.Code != asked.code || answered.Header().Get(defaultUserHeader) != asked.user {
			t.Errorf("%v: %d %v", asked, answered.Code, answered.Header())
		}
	}
}

func TestAForwardedAddressIsNotBelieved(t *testing.T) {
	front, _ := anAuthservice(t)
	answered := ask(front, "GET", "/", "", "Cookie", "authservice_session=valid", "X-Forwarded-Uri", "/dex/")
	if said := answered.Body.String(); said != "" {
		t.Error(said)
	}
}

func TestALogOutEndsTheSessionForGood(t *testing.T) {
	front, file := anAuthservice(t)
	cookies := []string{"Cookie", "authservice_session_1=lid; other=kept; authservice_session_0=va"}
	if code := ask(front, "POST", "/authservice/logout", "", cookies...).Code; code != http.StatusUnauthorized {
		t.Errorf("another site's page can end it: %d", code)
	}
	asked := append([]string{"Authorization", "Bearer valid"}, cookies...)
	out := ask(front, "POST", "/authservice/logout", "", asked...)
	if out.Code != http.StatusCreated || decoded(t, out)["afterLogoutURL"] != "/authservice/site/after_logout" {
		t.Fatalf("%d %s", out.Code, out.Body)
	}
	if removed := out.Result().Cookies(); len(removed) != 1 || removed[0].MaxAge >= 0 {
		t.Errorf("%v", removed)
	}
	if code := ask(front, "GET", "/", "", cookies...).Code; code != http.StatusFound {
		t.Errorf("a copy of the ended session is taken: %d", code)
	}
	if code := ask(front, "POST", "/authservice/logout", "", asked...).Code; code != http.StatusUnauthorized {
		t.Errorf("it can be ended twice: %d", code)
	}
	again, err := openEndedSessions(file)
	if err != nil || !again.has("valid") || again.has("other") {
		t.Errorf("a restart forgets it: %v", err)
	}
}

func TestASessionLastsAsLongAsItMay(t *testing.T) {
	front, _ := anAuthservice(t)
	front.(*authservice).maxAge = time.Minute
	for age, code := range map[time.Duration]int{
		30 * time.Second: http.StatusOK,
		time.Minute:      http.StatusFound,
		time.Hour:        http.StatusFound,
	} {
		session := fmt.Sprintf("valid|%d|signature", time.Now().Add(-age).Unix())
		cookies := fmt.Sprintf("authservice_session_0=%s; authservice_session_1=%s", session[:9], session[9:])
		if answered := ask(front, "GET", "/", "", "Cookie", cookies); answered.Code != code {
			t.Errorf("%v after it was made: %d", age, answered.Code)
		}
	}
}

func TestWithoutASessionThereIsNothingToEnd(t *testing.T) {
	front, _ := anAuthservice(t)
	for cookie, token := range map[string]string{
		"": "", "authservice_session=forged": "forged", "authservice_session_csrf=valid": "valid",
	} {
		asked := []string{"Cookie", cookie, "Authorization", "Bearer " + token}
		if code := ask(front, "POST", "/authservice/logout", "", asked...).Code; code != http.StatusUnauthorized {
			t.Errorf("%q: %d", cookie, code)
		}
	}
}

func TestReadyIsWhatTheProxyAndTheProviderSay(t *testing.T) {
	front, _ := anAuthservice(t)
	service := front.(*authservice)
	ready := http.HandlerFunc(service.ready)
	provider := httptest.NewServer(idle("dex"))
	service.provider = "http://127.0.0.1:1/dex"
	if code := ask(ready, "GET", "/", "").Code; code != http.StatusServiceUnavailable {
		t.Errorf("without a provider: %d", code)
	}
	service.provider = provider.URL
	if code := ask(ready, "GET", "/", "").Code; code != http.StatusOK {
		t.Errorf("with both: %d", code)
	}
	provider.Close()
	if code := ask(ready, "GET", "/", "").Code; code != http.StatusOK {
		t.Errorf("after the provider went: %d", code)
	}
	service.target = &url.URL{Scheme: "http", Host: "127.0.0.1:1"}
	if code := ask(ready, "GET", "/", "").Code; code != http.StatusServiceUnavailable {
		t.Errorf("without a proxy: %d", code)
	}
}

func TestThePagesOfTheWebServer(t *testing.T) {
	for path, words := range map[string]string{"/site/after_logout": "You are logged out.", "/site/homepage": "stand-in"} {
		if page := ask(http.HandlerFunc(site), "GET", path, ""); !strings.Contains(page.Body.String(), words) {
			t.Errorf("%s: %s", path, page.Body)
		}
	}
	if code := ask(http.HandlerFunc(site), "GET", "/site/other", "").Code; code != http.StatusNotFound {
		t.Error(code)
	}
}
