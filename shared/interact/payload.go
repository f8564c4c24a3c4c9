package interact

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/notify/slackapp"
)

// payload is what we look at in an interaction. Slack adds fields as it likes, so that others are let be.
// Source: docs.slack.dev, "block_actions payload" and "view_submission payload".
type payload struct {
	ssl bool // no interaction: Slack looks whether the certificate is good

	Type string `json:"type"`
	Team struct {
		ID         string `json:"id"`
		Enterprise string `json:"enterprise_id"`
	} `json:"team"`
	Enterprise struct {
		ID string `json:"id"`
	} `json:"enterprise"`
	User struct {
		ID   string `json:"id"`
		Team string `json:"team_id"`
	} `json:"user"`
	Trigger   string `json:"trigger_id"`
	Container struct {
		Type    string `json:"type"`
		Channel string `json:"channel_id"`
		TS      string `json:"message_ts"`
	} `json:"container"`
	Channel struct {
		ID string `json:"id"`
	} `json:"channel"`
	Actions []action `json:"actions"`
	View    struct {
		Type     string `json:"type"`
		Callback string `json:"callback_id"`
		Metadata string `json:"private_metadata"`
		State    struct {
			Values map[string]map[string]input `json:"values"`
		} `json:"state"`
	} `json:"view"`
}

type action struct {
	Type  string `json:"type"`
	ID    string `json:"action_id"`
	Block string `json:"block_id"`
	Value string `json:"value"`
}

type input struct {
	Type  string `json:"type"`
	Value string `json:"value"`
	Date  string `json:"selected_date"`
}

const (
	blockActions   = "block_actions"
	viewSubmission = "view_submission"

	maxDepth  = 40     // of JSON; a message's blocks are some ten deep
	maxTokens = 40_000 // of JSON
)

// parse reads a request that Slack signed.
func parse(body []byte) (payload, *answer) {
	text, ssl, err := payloadOf(string(body))
	if err == nil && !ssl {
		err = checkJSON(text)
	}
	p := payload{ssl: ssl}
	if err == nil && !ssl {
		err = json.Unmarshal([]byte(text), &p)
	}
	if err != nil {
		return payload{}, refuse(http.StatusBadRequest, "malformed", "%s", short(err.Error()))
	}
	return p, nil
}

// payloadOf takes the one field out of the form. Slack's other request to such an address is a check of the certificate: ssl_check=1, with a token.
func payloadOf(body string) (text string, ssl bool, err error) {
	if strings.ContainsAny(body, ";") { // once another separator of fields
		return "", false, errors.New("the form cannot be read")
	}
	fields := map[string]string{}
	for pair := range strings.SplitSeq(body, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, errName := url.QueryUnescape(name)
		value, errValue := url.QueryUnescape(value)
		if _, twice := fields[name]; twice || errName != nil || errValue != nil || !utf8.ValidString(value) {
			return "", false, errors.New("the form cannot be read")
		}
		fields[name] = value
	}
	text, there := fields["payload"]
	switch {
	case there && len(fields) == 1 && text != "":
		return text, false, nil
	case fields["ssl_check"] == "1" && !there:
		return "", true, nil
	}
	return "", false, errors.New("the form holds something else than one payload")
}

// checkJSON refuses what a reader could read in two ways, or for too long: something behind the value, keys that are equal but for case, depth.
func checkJSON(text string) error {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var open []map[string]bool // keys of each open object; nil for a list
	key := false               // the next token is a key
	for n := 0; ; n++ {
		t, err := dec.Token()
		switch {
		case errors.Is(err, io.EOF) && n > 0 && len(open) == 0:
			return nil
		case err != nil:
			return errors.New("the payload is no JSON")
		case n > maxTokens || len(open) > maxDepth:
			return errors.New("the payload is too deep or too long")
		case n > 0 && len(open) == 0:
			return errors.New("something follows the payload")
		}
		if n == 0 && t != json.Delim('{') {
			return errors.New("the payload is no object")
		}
		switch t {
		case json.Delim('{'):
			open, key = append(open, map[string]bool{}), true
			continue
		case json.Delim('['):
			open, key = append(open, nil), false
			continue
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		default:
			if name, ok := t.(string); ok && key {
				name, key = strings.ToLower(name), false
				if open[len(open)-1][name] {
					return errors.New("the payload says something twice")
				}
				open[len(open)-1][name] = true
				continue
			}
		}
		key = len(open) > 0 && open[len(open)-1] != nil
	}
}

// word is what the request would have been as a word, as far as it could be read, for the record.
func (p payload) word() approval.Unheard {
	u := approval.Unheard{Identity: p.User.ID}
	if len(p.Actions) == 1 {
		u.Key, u.Round, _ = slackapp.ReadValue(p.Actions[0].Value) // empty where it is none
		if b, err := slackapp.ReadAllValue(p.Actions[0].Value); err == nil {
			u.Key = approval.Key{Kind: "batch", ID: b.TS, Hash: b.Hash}
		}
		u.Key = undoKey(u.Key, p.Actions[0].Value)
		u.Verdict = approval.Verdict(short(p.Actions[0].ID))
	} else if p.View.Callback != "" {
		value, _, _ := strings.Cut(p.View.Metadata, " ")
		u.Key, u.Round, _ = slackapp.ReadValue(value)
		u.Key = undoKey(u.Key, value)
		u.Verdict = approval.Verdict(short(p.View.Callback))
	}
	u.Identity = short(u.Identity)
	return u
}

// undoKey names what a value asks to take back; of any other value it is the key that is known already.
func undoKey(known approval.Key, value string) approval.Key {
	account, seq, err := slackapp.ReadUndoValue(value)
	if err != nil {
		return known
	}
	return approval.Key{Account: account, Kind: approval.Undo, ID: strconv.FormatInt(seq, 10)}
}

// short bounds what is passed on of a request that is not ours.
func short(s string) string {
	const most = 200
	if len(s) > most {
		s = string(bytes.ToValidUTF8([]byte(s[:most]), nil))
	}
	return s
}

// String keeps payloads out of logs: they hold tokens that open forms.
func (p payload) String() string { return fmt.Sprintf("payload of type %.40q", p.Type) }
