package slacksink

import (
	"slices"
)

// whisper keeps a message that one person sees.
func (s *Server) whisper(r request) (Message, error) {
	if !member.MatchString(r.User) {
		return Message{}, &refusal{code: "user_not_in_channel", detail: r.User}
	}
	return s.take(r, false)
}

// change replaces the text and blocks of a message.
func (s *Server) change(r request) (Message, error) {
	if err := checkContent(r); err != nil {
		return Message{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.find(r.Channel, r.TS)
	if i >= 0 && (s.messages[i].Webhook || s.messages[i].Only != "") {
		return Message{}, &refusal{code: "cant_update_message", detail: r.Channel + " " + r.TS}
	}
	if i < 0 {
		return Message{}, &refusal{code: "message_not_found", detail: r.Channel + " " + r.TS}
	}
	m := &s.messages[i]
	m.Text, m.Blocks, m.Updates = r.Text, r.Blocks, m.Updates+1
	return *m, nil
}

// find returns the index of a message or -1; s.mu is held.
func (s *Server) find(channel, ts string) int {
	return slices.IndexFunc(s.messages, func(m Message) bool { return m.Channel == channel && m.TS == ts })
}
