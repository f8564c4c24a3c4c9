package pattern

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// number returns a value as a number, if it is one that can be compared.
func (v value) number() (float64, bool) {
	if v.kind != number {
		return 0, false
	}
	return comparable64(v.text)
}

// comparable64 reads a JSON number that a 64-bit float holds: the float, written
// with as few digits as tell it apart, is the same number. Others (an id of 20
// digits) are compared by their spelling.
func comparable64(s string) (float64, bool) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) {
		return 0, false
	}
	if f == 0 {
		f = 0 // not -0
	}
	return f, decimal(s) == decimal(strconv.FormatFloat(f, 'e', -1, 64))
}

// decimal brings a number's spelling into one form: sign, digits and exponent.
func decimal(s string) string {
	s, negative := strings.CutPrefix(s, "-")
	mantissa, exponent, _ := strings.Cut(strings.ToLower(s), "e")
	e, _ := strconv.Atoi(exponent) // none is 0; one that overflows is of no finite number but 0
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return "0"
	}
	e -= len(fraction)
	short := strings.TrimRight(digits, "0")
	return fmt.Sprint(negative, short, e+len(digits)-len(short))
}

// numeric is ["=", n], or one bound, or a lower and an upper bound in that order.
func numeric(operand json.RawMessage) (test, error) {
	var terms []json.RawMessage
	if err := json.Unmarshal(operand, &terms); err != nil || terms == nil {
		return nil, errors.New("takes an array")
	}
	if len(terms) != 2 && len(terms) != 4 {
		return nil, errors.New("takes one or two comparisons")
	}
	op, n, err := comparison(terms)
	if err != nil {
		return nil, err
	}
	if len(terms) == 2 {
		return onNumber(func(got float64) bool { return compare(got, op, n) }), nil
	}
	upper, m, err := comparison(terms[2:])
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(op, ">") || !strings.HasPrefix(upper, "<") {
		return nil, errors.New("takes a lower bound and then an upper one")
	}
	if n >= m {
		return nil, fmt.Errorf("takes no empty range %v to %v", n, m)
	}
	return onNumber(func(got float64) bool { return compare(got, op, n) && compare(got, upper, m) }), nil
}

func comparison(terms []json.RawMessage) (op string, n float64, err error) {
	if err := json.Unmarshal(terms[0], &op); err != nil || !slices.Contains([]string{"=", "<", "<=", ">", ">="}, op) {
		return "", 0, fmt.Errorf("takes no comparison %s", terms[0])
	}
	v, err := scalar(terms[1])
	if err != nil {
		return "", 0, err
	}
	n, ok := v.number()
	if !ok {
		return "", 0, fmt.Errorf("takes no %s as a number", terms[1])
	}
	return op, n, nil
}

func compare(got float64, op string, n float64) bool {
	switch op {
	case "=":
		return got == n
	case "<":
		return got < n
	case "<=":
		return got <= n
	case ">":
		return got > n
	default:
		return got >= n
	}
}

func onNumber(match func(float64) bool) test {
	return func(v value) bool {
		n, ok := v.number()
		return ok && match(n)
	}
}

// cidr is text that is an address of a network, given as address/bits.
func cidr(s string) (test, error) {
	ip, mask, _ := strings.Cut(s, "/")
	base, ok := address(ip)
	if !ok {
		return nil, fmt.Errorf("takes no address %q", ip)
	}
	bits, err := strconv.ParseUint(mask, 10, 8)
	if err != nil || int(bits) >= base.BitLen() {
		return nil, fmt.Errorf("takes a mask from 0 to %d bits", base.BitLen()-1)
	}
	network := netip.PrefixFrom(base, int(bits))
	return onText(func(got string) bool {
		a, ok := address(got)
		return ok && network.Contains(a)
	}), nil
}

// address reads an IP address. Leading zeros do not count, and an IPv6 address
// must be all hexadecimal; one that stands for an IPv4 address is that address.
func address(s string) (netip.Addr, bool) {
	if strings.Contains(s, ":") {
		a, err := netip.ParseAddr(s)
		return a.Unmap(), err == nil && strings.Trim(s, "0123456789abcdefABCDEF:") == ""
	}
	const longest = 15 // 255.255.255.255
	parts := strings.Split(s, ".")
	if len(s) > longest || len(parts) != 4 {
		return netip.Addr{}, false
	}
	var a [4]byte
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil {
			return netip.Addr{}, false
		}
		a[i] = byte(n)
	}
	return netip.AddrFrom4(a), true
}
