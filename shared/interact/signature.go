package interact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	// window is how far a request's time may be from ours, both ways (Slack, "Verifying requests from Slack").
	window = 5 * time.Minute
	// remember is how long it is known that a request was heard: longer than it could be fresh.
	remember = time.Hour
)

var (
	timeShape = regexp.MustCompile(`^[1-9][0-9]{9}$`)
	signShape = regexp.MustCompile(`^v0=[0-9a-f]{64}$`)
)

// signature is one that was verified.
type signature struct {
	at  time.Time
	mac []byte
}

// id names the request among all that were heard. It is a hash, so that the table holds nothing that could be sent.
func (s signature) id() string {
	sum := sha256.Sum256(s.mac)
	return hex.EncodeToString(sum[:])
}

// signed verifies Slack's signature, version 0, over the bytes as they came: HMAC-SHA256 of "v0:TIME:BODY" (Slack, "Verifying requests from Slack"). The time
// is under the signature; whether it is now is for the caller. The comparison takes the same time for every wrong signature.
func signed(headers map[string]string, body []byte, secret string) (signature, *answer) {
	at, haveTime := header(headers, "X-Slack-Request-Timestamp")
	sig, haveSig := header(headers, "X-Slack-Signature")
	if !haveTime || !haveSig || !timeShape.MatchString(at) || !signShape.MatchString(sig) {
		return signature{}, forged(http.StatusUnauthorized, "unsigned", "not signed")
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return signature{}, forged(http.StatusUnauthorized, "unsigned", "not signed")
	}
	given, err := hex.DecodeString(strings.TrimPrefix(sig, "v0="))
	if err != nil {
		return signature{}, forged(http.StatusUnauthorized, "unsigned", "not signed")
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("v0:" + at + ":"))
	mac.Write(body)
	if !hmac.Equal(given, mac.Sum(nil)) {
		return signature{}, forged(http.StatusUnauthorized, "signature", "not signed")
	}
	return signature{time.Unix(seconds, 0), given}, nil
}
