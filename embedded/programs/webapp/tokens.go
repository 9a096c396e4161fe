package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// errTokenExpired is upstream's message about a token whose time is over.
var errTokenExpired = errors.New("Token has expired")

// tokenReviewer asks the API server which ServiceAccount a token belongs to.
type tokenReviewer struct {
	api       *api
	audiences []string // a token must be for one of them
	issuer    string   // the OIDC provider, whose tokens the OIDC proxy verifies
}

// review returns the user name of a token, or "" if the token is not one of a ServiceAccount for these audiences. It
// returns errTokenExpired for an expired token, and another error if the API server does not answer.
func (t *tokenReviewer) review(ctx context.Context, token string) (string, error) {
	if issuer := issuerOf(token); issuer == "" || issuer == t.issuer {
		return "", nil
	}
	request := object{
		"apiVersion": "authentication.k8s.io/v1",
		"kind":       "TokenReview",
		"spec":       object{"token": token, "audiences": t.audiences},
	}
	var response struct {
		Status struct {
			Authenticated bool   `json:"authenticated"`
			Error         string `json:"error"`
			User          struct {
				Username string `json:"username"`
			} `json:"user"`
		} `json:"status"`
	}
	if err := t.api.do(ctx, http.MethodPost, "/apis/authentication.k8s.io/v1/tokenreviews", request, &response); err != nil {
		return "", err
	}
	switch status := response.Status; {
	case status.Authenticated:
		return status.User.Username, nil
	case strings.Contains(strings.ToLower(status.Error), strings.ToLower(errTokenExpired.Error())):
		return "", errTokenExpired
	}
	return "", nil
}

// issuerOf returns the issuer that a JSON Web Token names, without verifying it; "" if the text is no such token.
func issuerOf(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	content, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	if json.Unmarshal(content, &claims) != nil {
		return ""
	}
	return claims.Issuer
}
