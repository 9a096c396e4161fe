package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// authserviceSettings are the settings of authservice, with the names and the defaults of upstream's environment
// variables.
type authserviceSettings struct {
	provider               string // URL of the OIDC provider
	clientID, clientSecret string
	authURL                string // by which browsers reach the provider; empty for that of the provider
	redirectURL            string
	scopes                 string
	prefix                 string // of the paths of authservice
	openPaths              []string
	afterLogoutURL         string
	userHeader, userPrefix string
	userClaim              string
	store                  string
	sessionMaxAge          time.Duration
	sameSite               string
	audiences              []string
}

// readAuthserviceSettings returns the settings in the environment.
func readAuthserviceSettings() (authserviceSettings, error) {
	seconds, err := strconv.Atoi(envOrDefault("SESSION_MAX_AGE", "86400"))
	if err != nil {
		return authserviceSettings{}, fmt.Errorf("SESSION_MAX_AGE is not a number of seconds: %w", err)
	}
	prefix := strings.TrimSuffix(envOrDefault("AUTHSERVICE_URL_PREFIX", "/authservice/"), "/") + "/"
	settings := authserviceSettings{
		provider:       os.Getenv("OIDC_PROVIDER"),
		clientID:       os.Getenv("CLIENT_ID"),
		clientSecret:   os.Getenv("CLIENT_SECRET"),
		authURL:        os.Getenv("OIDC_AUTH_URL"),
		redirectURL:    envOrDefault("REDIRECT_URL", prefix+callbackPath),
		scopes:         "openid " + strings.Join(splitList(envOrDefault("OIDC_SCOPES", "email")), " "),
		prefix:         prefix,
		openPaths:      append(splitList(os.Getenv("SKIP_AUTH_URLS")), prefix),
		afterLogoutURL: envOrDefault("AFTER_LOGOUT_URL", prefix+afterLogoutPath),
		userHeader:     envOrDefault("USERID_HEADER", defaultUserHeader),
		userPrefix:     os.Getenv("USERID_PREFIX"),
		userClaim:      envOrDefault("USERID_CLAIM", "email"),
		store:          envOrDefault("STORE_PATH", "/var/lib/authservice/data.db"),
		sessionMaxAge:  time.Duration(seconds) * time.Second,
		sameSite:       strings.ToLower(envOrDefault("SESSION_SAME_SITE", "lax")),
		audiences:      splitList(envOrDefault("AUDIENCES", "istio-ingressgateway.istio-system.svc.cluster.local")),
	}
	for name, value := range map[string]string{
		"OIDC_PROVIDER": settings.provider, "CLIENT_ID": settings.clientID, "CLIENT_SECRET": settings.clientSecret,
	} {
		if value == "" {
			return settings, fmt.Errorf("the environment variable %s is required", name)
		}
	}
	return settings, nil
}

// splitList returns the items of a list that are separated by commas, without spaces around them and empty items.
func splitList(text string) []string {
	items := []string{}
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
