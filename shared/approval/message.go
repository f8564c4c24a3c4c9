package approval

import "github.com/shoreup/shoreup/shared/awsapi"

// What travels on the queues of the deciding function.

// Pointer says where the deciding function should look. It is not believed in anything else.
type Pointer struct {
	Control  string          `json:"control"`
	Resource awsapi.Resource `json:"resource"`
}

// Said is what a person said, as whoever heard it passes it on. Exactly one of the fields is there.
type Said struct {
	Answer *Answer    `json:"answer,omitempty"`
	Exempt *Exempting `json:"exempt,omitempty"`
	Lift   *Lifting   `json:"lift,omitempty"`
}

// Exempting asks for an exemption from what a request is about.
type Exempting struct {
	Key       Key       `json:"key"`
	Exemption Exemption `json:"exemption"` // owner, reason and until; the rest is taken from the request
	Identity  string    `json:"identity"`
}

// Lifting asks to lift the kill switch.
type Lifting struct {
	Why      string `json:"why"`
	Identity string `json:"identity"`
}
