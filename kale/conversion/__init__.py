"""From a tagged notebook to a script with the SDK's decorators, and the other way."""
