package trend

// NewTopicBurst watches a series of one topic among what is said. Where there are
// many such series, each must be surer of itself than the one of all that is
// said; the zero value of a field means the default for a topic.
func NewTopicBurst(o BurstOptions) *Burst { return NewBurst(o.forTopic()) }

// RareTopicBurst is a NewTopicBurst for a topic that nothing has been heard of
// for four weeks.
func RareTopicBurst(o BurstOptions) *Burst {
	d := NewTopicBurst(o)
	for i := range 28 * TicksPerDay {
		d.Tick(0, i%TicksPerDay, false)
	}
	return d
}

// ResumeTopicBurst is a [Burst] of a topic as MarshalBinary left it.
func ResumeTopicBurst(o BurstOptions, state []byte) (*Burst, error) {
	d := NewBurst(o.forTopic())
	return d, d.UnmarshalBinary(state)
}

// TopicThreshold is the least evidence of an alert about a topic where normal
// sensitivity is wanted.
const TopicThreshold = 5.8

// topicPosts is the fewest posts of 24 hours for one.
const topicPosts = 5

func (o BurstOptions) forTopic() BurstOptions {
	if o.Threshold == 0 {
		o.Threshold = TopicThreshold
	}
	o.ThresholdBig = o.Threshold // the many series of a big brand are small ones
	o.LeastPosts = max(o.LeastPosts, topicPosts)
	return o
}
