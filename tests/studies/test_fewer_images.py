from collections import Counter

from approaches.studies.fewer_images import fewer


def test_half_of_the_groups_keeps_all_of_their_images(sample_data):
    images = sample_data.fit
    half = fewer(images, 0.5, 1.0, seed=0)
    groups, kept = Counter(images.groups.values()), Counter(half.groups[i] for i in half.ids)
    assert len(kept) == round(len(groups) / 2)
    assert all(groups[group] == count for group, count in kept.items())


def test_half_of_the_images_keeps_all_groups(sample_data):
    images = sample_data.fit
    half = fewer(images, 1.0, 0.5, seed=0)
    assert {half.groups[i] for i in half.ids} == set(images.groups.values())
    assert len(half) < len(images)


def test_a_smaller_share_is_part_of_a_larger_one_and_another_seed_draws_another(sample_data):
    images = sample_data.fit
    large, small = (set(fewer(images, share, 1.0, seed=3).ids) for share in (0.75, 0.25))
    assert small < large < set(images.ids)
    assert any(set(fewer(images, 0.25, 1.0, seed=seed).ids) != small for seed in range(4, 9))


def test_at_least_one_image_is_kept(sample_data):
    assert len(fewer(sample_data.fit, 0.001, 0.001, seed=0)) == 1
