using Mallgram.Catalog.Contracts;
using Mallgram.Catalog.Import;

namespace Mallgram.Tests.Unit.Catalog;

public sealed class CategoryTreeTests
{
    [Fact]
    public void Paths_lead_from_the_root_in_both_languages_whatever_the_order()
    {
        var tree = CategoryTree.Build([new("3", "2", "Steam", "Vapeur"), new("2", "1", "Trains", null), new("1", null, "Hobbies", "Loisirs")]);
        Assert.Empty(tree.Problems);
        Assert.Equal(["1", "2", "3"], tree.Nodes.Select(n => n.ExternalId));
        Assert.Equal(("Hobbies > Trains > Steam", "Loisirs > Trains > Vapeur"), (tree.Nodes[2].Path, tree.Nodes[2].PathFr));
        Assert.Null(tree.Nodes[1].NameFr);
    }

    [Fact]
    public void A_circle_is_cut_and_told()
    {
        var tree = CategoryTree.Build([new("1", "3", "A", null), new("2", "1", "B", null), new("3", "2", "C", null), new("4", "4", "Self", null)]);
        Assert.Equal(4, tree.Nodes.Count);
        Assert.Equal(2, tree.Problems.Count(p => p.Reason == SkipReasons.CategoryCycle));
        Assert.Equal(2, tree.Nodes.Count(n => n.Parent is null));
    }

    [Fact]
    public void Unknown_parents_names_of_nothing_and_repeats_are_told()
    {
        var tree = CategoryTree.Build([new("1", "9", "A", null), new("2", null, "<b></b>", null), new("1", null, "Again", null)]);
        Assert.Equal("A", Assert.Single(tree.Nodes).Path);
        Assert.Equal(
            [SkipReasons.CategoryParentUnknown, SkipReasons.Duplicate, SkipReasons.NoTitle], tree.Problems.Select(p => p.Reason).Order(StringComparer.Ordinal));
    }
}
