package stack

import (
	"fmt"
	"slices"
)

// condition tells whether a named condition holds.
func (s *scope) condition(name, at string) (bool, error) {
	if holds, ok := s.conditions[name]; ok {
		return holds, nil
	}
	v, ok := s.Conditions[name]
	if !ok {
		return false, fmt.Errorf("resolving %s: there is no condition %s", at, name)
	}
	done, err := s.enter("Conditions."+name, at)
	if err != nil {
		return false, err
	}
	defer done()
	holds, err := s.isTrue(v, "Conditions."+name)
	if err != nil {
		return false, err
	}
	s.conditions[name] = holds
	return holds, nil
}

// enter notes what is being resolved; what needs itself is an error.
func (s *scope) enter(what, at string) (done func(), err error) {
	if slices.Contains(s.under, what) {
		return nil, fmt.Errorf("resolving %s: %s needs itself", at, what)
	}
	s.under = append(s.under, what)
	return func() { s.under = s.under[:len(s.under)-1] }, nil
}

// truth makes a condition function usable where any value is: in Fn::If's branches it never is, in Rules it may be.
func (s *scope) truth(name string) func(any, string) (any, error) {
	return func(arg any, at string) (any, error) { return s.isTrue(map[string]any{name: arg}, at) }
}

func (s *scope) isTrue(v any, at string) (bool, error) {
	m, ok := v.(map[string]any)
	if !ok || len(m) != 1 {
		return false, fmt.Errorf("resolving %s: want a condition, got %v", at, v)
	}
	for name, arg := range m {
		at = at + "." + name
		if named, ok := arg.(string); ok && name == "Condition" {
			return s.condition(named, at)
		}
		args, ok := arg.([]any)
		if !ok {
			return false, fmt.Errorf("resolving %s: want a list", at)
		}
		switch {
		case name == "Fn::Equals" && len(args) == 2:
			return s.equal(args[0], args[1], at)
		case name == "Fn::Not" && len(args) == 1:
			holds, err := s.isTrue(args[0], at)
			return !holds, err
		case name == "Fn::And" || name == "Fn::Or":
			return s.combine(name == "Fn::And", args, at)
		case name == "Fn::Contains" && len(args) == 2:
			return s.contains(args[0], args[1], at)
		}
	}
	return false, fmt.Errorf("resolving %s: this condition is not known here", at)
}

// combine is Fn::And or Fn::Or. All are looked at, so that a mistake in one shows whatever the others say.
func (s *scope) combine(all bool, args []any, at string) (bool, error) {
	out := all
	for i, arg := range args {
		holds, err := s.isTrue(arg, fmt.Sprintf("%s[%d]", at, i))
		if err != nil {
			return false, err
		}
		if holds != all {
			out = !all
		}
	}
	return out, nil
}

func (s *scope) equal(a, b any, at string) (bool, error) {
	left, err := s.text(a, at)
	if err != nil {
		return false, err
	}
	right, err := s.text(b, at)
	return left == right, err
}

func (s *scope) contains(list, value any, at string) (bool, error) {
	in, err := s.list(list, at)
	if err != nil {
		return false, err
	}
	want, err := s.text(value, at)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(in, func(v any) bool { return fmt.Sprint(v) == want }), nil
}

// assert checks the template's rules, as CloudFormation does before it makes anything.
func (s *scope) assert() error {
	for name, r := range s.Rules {
		at := "Rules." + name
		if r.RuleCondition != nil {
			applies, err := s.isTrue(r.RuleCondition, at+".RuleCondition")
			if err != nil {
				return err
			}
			if !applies {
				continue
			}
		}
		for i, a := range r.Assertions {
			holds, err := s.isTrue(a.Assert, fmt.Sprintf("%s.Assertions[%d]", at, i))
			if err != nil {
				return err
			}
			if !holds {
				return fmt.Errorf("checking rule %s: %s", name, a.AssertDescription)
			}
		}
	}
	return nil
}
