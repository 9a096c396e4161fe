package main

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"
)

// maxReview is the maximum size of a review in bytes. The API server converts whole lists of objects.
const maxReview = 64 << 20

// review is a request of the API server to a webhook. Objects are not decoded completely, so that they do not change.
type review struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Request    struct {
		UID               string                       `json:"uid"`
		DesiredAPIVersion string                       `json:"desiredAPIVersion"`
		Objects           []map[string]json.RawMessage `json:"objects"`
	} `json:"request"`
}

// isJSON reports whether a request has a body in JSON, as a review has.
func isJSON(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return r.Method == http.MethodPost && err == nil && kind == "application/json"
}

// answerReview allows every object of an AdmissionReview, and converts every object of a ConversionReview by changing
// only its version. Other requests are refused.
func answerReview(w http.ResponseWriter, r *http.Request, name string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxReview))
	var request review
	if err != nil || json.NewDecoder(bytes.NewReader(body)).Decode(&request) != nil {
		refuse(w, r, name)
		return
	}
	group, _, _ := strings.Cut(request.APIVersion, "/")
	response := object{"uid": request.Request.UID}
	switch {
	case request.Kind == "AdmissionReview" && group == "admission.k8s.io":
		response["allowed"] = true
		response["warnings"] = []string{"a stand-in for " + name + " accepts everything"}
	case request.Kind == "ConversionReview" && group == "apiextensions.k8s.io":
		response["result"] = object{"status": "Success"}
		response["convertedObjects"] = convert(request.Request.Objects, request.Request.DesiredAPIVersion)
	default:
		refuse(w, r, name)
		return
	}
	writeJSON(w, http.StatusOK, object{"apiVersion": request.APIVersion, "kind": request.Kind, "response": response})
}

// convert sets the version of objects.
func convert(objects []map[string]json.RawMessage, version string) []map[string]json.RawMessage {
	encoded, _ := json.Marshal(version) // a string can always be encoded
	for _, item := range objects {
		item["apiVersion"] = encoded
	}
	return objects
}
