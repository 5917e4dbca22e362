"""The folders of the caches, where this user can neither read nor make them."""

from kdnas.cache import cache_folder, unusable
from kdnas.config import Config
from kdnas.model_names import is_hub_id
from kdnas.resources.hub import datasets_cache, models_cache
from kdnas.resources.resource import Resource


def cache_resources(config: Config) -> list[Resource]:
    """The caches that a run reads and that cannot be used, each with the reason."""
    places = {cache_folder(): ("of kdnas", "KDNAS_CACHE")}
    if config.task.on_hub:
        places[datasets_cache()] = ("of Hugging Face's data sets", "HF_HOME")
    if is_hub_id(config.teacher.model):
        places[models_cache()] = ("of Hugging Face's models", "HF_HOME")
    return [
        Resource(
            f"cache {whose}",
            place,
            problem=problem,
            cure=f"mend its permissions, or set {variable} to another folder",
        )
        for place, (whose, variable) in places.items()
        if (problem := unusable(place))
    ]
