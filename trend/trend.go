package trend
