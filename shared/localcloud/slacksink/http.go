package slacksink

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxBody is far above any message Slack takes.
const maxBody = 1 << 20

// api serves the Web API: errors come with status 200, except for rate limits.
func (s *Server) api(w http.ResponseWriter, r *http.Request) {
	req, token, err := readAPI(r)
	if err == nil {
		err = s.authorise(token)
	}
	if err != nil {
		s.refuse(w, err)
		return
	}
	req.Channel = s.named(req.Channel)
	var m Message
	switch r.PathValue("method") {
	case "auth.test":
		answer(w, http.StatusOK, map[string]any{
			"ok": true, "url": "https://local.slack.example/", "team": "local", "user": "shoreup",
			"team_id": "T00000000", "user_id": "U00000000", "bot_id": "B00000000",
		})
		return
	case "chat.postMessage":
		m, err = s.take(req, false)
	case "chat.update":
		m, err = s.change(req)
	case "chat.postEphemeral":
		if m, err = s.whisper(req); err == nil {
			answer(w, http.StatusOK, map[string]any{"ok": true, "message_ts": m.TS})
			return
		}
	case "views.open":
		var v View
		if v, err = s.openView(req); err == nil {
			answer(w, http.StatusOK, map[string]any{"ok": true, "view": map[string]any{"id": v.ID, "type": "modal", "callback_id": v.Callback}})
			return
		}
	default:
		err = &refusal{code: "unknown_method", detail: r.PathValue("method")}
	}
	if err != nil {
		s.refuse(w, err)
		return
	}
	s.tell(m)
	answer(w, http.StatusOK, map[string]any{
		"ok": true, "channel": channelID(m.Channel), "ts": m.TS, "text": m.Text,
		"message": map[string]any{"type": "message", "ts": m.TS, "thread_ts": m.Thread, "text": m.Text, "blocks": m.Blocks},
	})
}

// readAPI reads a call's arguments from a form or from JSON, and the token from
// the header or, as slack-go sends it, from the form.
func readAPI(r *http.Request) (request, string, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return request{}, "", &refusal{code: "invalid_form_data", detail: err.Error()}
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
		var req request
		if err := json.Unmarshal(body, &req); err != nil {
			return request{}, "", &refusal{code: "invalid_json", detail: err.Error()}
		}
		return req, token, nil
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return request{}, "", &refusal{code: "invalid_form_data", detail: err.Error()}
		}
		if token == "" {
			token = form.Get("token")
		}
		req := request{Channel: form.Get("channel"), TS: form.Get("ts"), Thread: form.Get("thread_ts"), Text: form.Get("text"), User: form.Get("user"),
			Broadcast: form.Get("reply_broadcast") == "true", Trigger: form.Get("trigger_id"), View: json.RawMessage(form.Get("view"))}
		if blocks := form.Get("blocks"); blocks != "" {
			req.Blocks = json.RawMessage(blocks)
		}
		return req, token, nil
	default:
		return request{}, "", &refusal{code: "invalid_post_type", detail: kind}
	}
}

func (s *Server) authorise(token string) error {
	switch token {
	case s.opts.Token:
		return nil
	case "":
		return &refusal{code: "not_authed"}
	default:
		return &refusal{code: "invalid_auth"} // the token itself is nobody's business
	}
}

// refuse answers a Web API call with Slack's error code.
func (s *Server) refuse(w http.ResponseWriter, err error) {
	r := s.note(err)
	body := map[string]any{"ok": false, "error": r.code}
	if r.detail != "" {
		body["response_metadata"] = map[string]any{"messages": []string{"[ERROR] " + r.detail}}
	}
	status := http.StatusOK
	if r.wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(r.wait.Seconds()))))
		status = http.StatusTooManyRequests
	}
	answer(w, status, body)
}

// note remembers a refusal.
func (s *Server) note(err error) *refusal {
	var r *refusal
	if !errors.As(err, &r) {
		r = &refusal{code: "internal_error", detail: err.Error()}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = append(s.refused, r.Error())
	return r
}

// webhook serves the incoming webhook: errors are plain text with status 400.
func (s *Server) webhook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	var req request
	if err == nil {
		err = json.Unmarshal(body, &req)
	}
	if err != nil {
		err = &refusal{code: "invalid_payload", detail: err.Error()}
	}
	// The webhook knows its channel; naming one is not for the caller.
	req.Channel = ""
	var m Message
	if err == nil {
		m, err = s.take(req, true)
	}
	if err != nil {
		refused := s.note(err)
		status := http.StatusBadRequest
		if refused.wait > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(refused.wait.Seconds()))))
			status = http.StatusTooManyRequests
		}
		http.Error(w, refused.code, status)
		return
	}
	s.tell(m)
	_, _ = io.WriteString(w, "ok")
}

func answer(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
