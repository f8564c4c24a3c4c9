package annotatetest

import (
	"io"
	"net/http"
)

// ServeHTTP answers the same as a server, for a whole function with AWS_ENDPOINT_URL.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	resp, err := c.Do(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotImplemented)
		return
	}
	defer resp.Body.Close()
	for name, values := range resp.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body) // whoever asked is gone if it fails
}
