package store

import "go.etcd.io/bbolt"

// IndexSize gives the bytes of the full-text index, keys and values.
func (s *Bolt) IndexSize() (size int64, err error) {
	ids, err := s.quartersOnDisk()
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		q, err := s.quarter(id, false)
		if err != nil {
			return 0, err
		}
		err = q.view(func(tx *bbolt.Tx) error {
			st := tx.Bucket([]byte("t")).Stats()
			size += int64(st.LeafAlloc + st.BranchAlloc)
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return size, nil
}
