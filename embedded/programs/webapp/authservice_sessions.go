package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sort"
	"strings"
	"sync"
)

const sessionCookie = "authservice_session"

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

// bearerFromRequest returns the value of the header Authorization, with or without the word Bearer, as upstream's does.
func bearerFromRequest(r *http.Request) string {
	return strings.TrimPrefix(strings.TrimSpace(r.Header.Get("Authorization")), "Bearer ")
}

// isSession reports whether a text has the form of a session: a value, its time and a signature.
func isSession(text string) bool { return strings.Count(text, "|") == 2 }

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
