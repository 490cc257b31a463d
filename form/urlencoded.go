package form

import "net/url"

const urlencodedType = "application/x-www-form-urlencoded"

// encodePairs writes the fields url-encoded, in their order: a url.Values has
// none.
func encodePairs(parts []*part, charset string) ([]byte, error) {
	var data []byte
	for i, p := range parts {
		if i > 0 {
			data = append(data, '&')
		}
		name, fault := encodeText(p.name, charset)
		if fault != "" {
			return nil, invalidPart(p.label, "name: "+fault, nil)
		}
		value, fault := encodeText(p.text, charset)
		if fault != "" {
			return nil, invalidPart(p.label, fault, nil)
		}
		data = append(data, url.QueryEscape(string(name))...)
		data = append(data, '=')
		data = append(data, url.QueryEscape(string(value))...)
	}
	return data, nil
}
