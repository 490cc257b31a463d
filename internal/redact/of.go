package redact

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

// module is where the types are whose fields are looked at; of others there is the
// name only.
const module = "github.com/aiolos-http/aiolos/"

// Of describes a struct, or what a pointer to one points to. Of its exported fields
// there are those that are set, and of these is written:
//
//	`print:"-"`    that there is one
//	`print:"url"`  a string that is a URL, without credentials and query values
//	`print:"text"` bytes that are text
//	headers        their names; so with cookies and values of a form
//	bytes          their number
//	errors         their text, without the secrets of URLs
//	functions, types of others, interfaces: the type
//	all else       the value
func Of(v any) Struct {
	value := reflect.ValueOf(v)
	for value.Kind() == reflect.Pointer {
		if value.IsNil() {
			return Struct{Name: typeName(value.Type())}
		}
		value = value.Elem()
	}
	return ofStruct(value)
}

func ofStruct(v reflect.Value) Struct {
	s := Struct{Name: typeName(v.Type())}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() || v.Field(i).IsZero() {
			continue
		}
		s.Fields = append(s.Fields, Field{field.Name, describeValue(v.Field(i), field.Tag.Get("print"))})
	}
	return s
}

func typeName(t reflect.Type) string { return strings.TrimPrefix(t.String(), "*") }

// describeValue writes a value that is not the zero value.
func describeValue(v reflect.Value, tag string) any {
	switch tag {
	case "-":
		return Text(Hidden)
	case "text":
		return string(v.Bytes())
	}
	if known := describeKnown(v.Interface()); known != nil {
		return known
	}
	switch {
	case v.Kind() == reflect.String && tag == "url":
		return errors.RedactURLString(v.String())
	case v.Kind() == reflect.String:
		return v.String()
	case v.Kind() == reflect.Bool:
		return v.Bool()
	case v.CanInt():
		return v.Int()
	case v.CanUint():
		return v.Uint()
	case v.CanFloat():
		return v.Float()
	case v.Kind() == reflect.Slice, v.Kind() == reflect.Array:
		elements := make([]any, v.Len())
		for i := range elements {
			elements[i] = describeValue(v.Index(i), tag)
		}
		return elements
	case v.Kind() == reflect.Struct && isOurs(v.Type()):
		return ofStruct(v)
	case v.Kind() == reflect.Pointer && !v.IsNil() && isOurs(v.Type().Elem()):
		return describeValue(v.Elem(), tag)
	}
	return describeType(v)
}

// describeType writes the type of a value, and of an interface that of what it holds.
func describeType(v reflect.Value) Text {
	switch {
	case v.Kind() == reflect.Func:
		return "func"
	case v.Kind() == reflect.Interface && !v.IsNil():
		return Text(v.Elem().Type().String())
	}
	return Text(v.Type().String())
}

func isOurs(t reflect.Type) bool { return strings.HasPrefix(t.PkgPath()+"/", module) }

// describeKnown writes what needs to be known by its type, or returns nil.
func describeKnown(v any) any {
	switch v := v.(type) {
	case error:
		return errors.RedactError(v)
	case *url.URL:
		return errors.RedactURL(v)
	case *url.Userinfo:
		return Text(Hidden)
	case http.Header:
		return hiddenValues(v)
	case url.Values:
		return hiddenValues(v)
	case []byte:
		return Text(fmt.Sprint(len(v), " bytes"))
	case *http.Cookie:
		return Text(v.Name + "=" + Hidden)
	case *http.Request:
		return Text(v.Method + " " + errors.RedactURL(v.URL))
	case *http.Response:
		return Text(v.Status)
	case time.Time:
		return Text(v.Format(time.RFC3339Nano)) // a clock's own reading says nothing to a reader
	case time.Duration, netip.Addr, netip.AddrPort:
		return Text(fmt.Sprint(v))
	case fmt.Stringer:
		if isOurs(reflect.TypeOf(v)) {
			return Text(v.String()) // an option, a pin
		}
	}
	return nil
}

// hiddenValues are the sorted keys of a header or a form, each with its values hidden.
func hiddenValues(m map[string][]string) Struct {
	var s Struct
	for name := range m {
		s.Fields = append(s.Fields, Field{name, Text(Hidden)})
	}
	slices.SortFunc(s.Fields, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return s
}
