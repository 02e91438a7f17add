"""Updates of many repositories, each as a change that a person can review."""
