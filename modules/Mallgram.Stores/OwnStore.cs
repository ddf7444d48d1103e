using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Problems;
using Mallgram.Stores.Contracts;

namespace Mallgram.Stores;

internal static class OwnStore
{
    /// <summary>Staff reach their own store only; any other answers as if it did not exist.</summary>
    /// <exception cref="ProblemException">404.</exception>
    public static Store Named(this CurrentStore current, string id) =>
        PublicId.TryParse(PublicId.Store, id, out var storeId) && storeId == current.Store.Id
            ? current.Store
            : throw new ProblemException(CommonProblems.NotFound);
}
