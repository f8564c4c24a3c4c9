package interact

import (
	"encoding/base64"
	"mime"
	"net/http"
	"strings"
)

const (
	// maxBody bounds a request in bytes. Slack sends the whole message along with a click; one with 10,000 characters of blocks takes some 60 KB in a form.
	maxBody = 256 << 10
	format  = "2.0"
	form    = "application/x-www-form-urlencoded"
)

// readBody returns the bytes that Slack signed, or what is wrong with the request around them. Nothing of this is known to be Slack's.
func readBody(e Request) ([]byte, *answer) {
	switch {
	case e.Version != format:
		return nil, forged(http.StatusBadRequest, "format", "unknown payload format")
	case e.RequestContext.HTTP.Method != http.MethodPost:
		return nil, forged(http.StatusMethodNotAllowed, "method", "only POST")
	case e.RawQueryString != "" || len(e.QueryStringParameters) > 0: // a signature does not cover it
		return nil, forged(http.StatusBadRequest, "query", "no query is expected")
	case len(e.Body) > maxBody*4/3+4:
		return nil, forged(http.StatusRequestEntityTooLarge, "size", "too large")
	}
	kind, ok := header(e.Headers, "Content-Type")
	if media, params, err := mime.ParseMediaType(kind); !ok || err != nil || media != form || !plainCharset(params) {
		return nil, forged(http.StatusUnsupportedMediaType, "type", "only "+form)
	}
	body := []byte(e.Body)
	if e.IsBase64Encoded {
		if strings.ContainsAny(e.Body, "\r\n") { // the decoder would skip them: two texts for the same bytes
			return nil, forged(http.StatusBadRequest, "base64", "the body cannot be read")
		}
		var err error
		if body, err = base64.StdEncoding.Strict().DecodeString(e.Body); err != nil {
			return nil, forged(http.StatusBadRequest, "base64", "the body cannot be read")
		}
	}
	switch {
	case len(body) == 0:
		return nil, forged(http.StatusBadRequest, "empty", "the body is empty")
	case len(body) > maxBody:
		return nil, forged(http.StatusRequestEntityTooLarge, "size", "too large")
	}
	return body, nil
}

func plainCharset(params map[string]string) bool {
	charset, there := params["charset"]
	return len(params) == 0 || len(params) == 1 && there && strings.EqualFold(charset, "utf-8")
}

// header returns the one header of that name, whatever its case. AWS joins those that were sent twice with commas; none of ours may hold one.
func header(all map[string]string, name string) (string, bool) {
	value, n := "", 0
	for k, v := range all {
		if strings.EqualFold(k, name) {
			value, n = v, n+1
		}
	}
	return value, n == 1 && value != "" && !strings.Contains(value, ",")
}
