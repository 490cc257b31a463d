package connector

// ConfigIDs is how many configurations have a name.
func ConfigIDs() int {
	configIDs.Lock()
	defer configIDs.Unlock()
	return len(configIDs.names)
}
