package har

// MakeRequest makes a request of an exchange.
var MakeRequest = makeRequest
