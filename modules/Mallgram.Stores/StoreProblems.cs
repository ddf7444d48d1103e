using Mallgram.Kernel.Problems;

namespace Mallgram.Stores;

internal static class StoreProblems
{
    public static readonly ProblemCode Suspended = new("store_suspended", 403,
        "This store is suspended: it takes no orders, and its staff may only read.",
        "Cette boutique est suspendue : elle ne prend pas de commandes et son équipe peut seulement lire.");

    public static readonly ProblemCode SlugTaken = new("slug_taken", 409,
        "Another store has this slug. Choose another.", "Une autre boutique porte ce nom court. Choisissez-en un autre.");

    public static readonly ProblemCode DomainTaken = new("domain_taken", 409,
        "This domain leads to another store. Remove it there, or take that store's record and file away, and verify again.",
        "Ce domaine mène à une autre boutique. Retirez-le là-bas, ou ôtez l'enregistrement et le fichier de celle-ci, puis vérifiez à nouveau.");

    public static readonly ProblemCode DomainNotProven = new("domain_not_proven", 422,
        "Neither the DNS record nor the file was found. What was seen stands in checks.",
        "Ni l'enregistrement DNS ni le fichier n'ont été trouvés. Ce qui a été vu figure dans checks.");

    public static readonly ProblemCode TooManyDomains = new("too_many_domains", 422,
        "A store has at most {0} domains.", "Une boutique a au plus {0} domaines.");

    public static readonly ProblemCode PlanLimitReached = new("plan_limit_reached", 403,
        "The store's plan allows {1} {0} and it has {2}. Ask the platform for a larger plan.",
        "L'offre de la boutique permet {1} {0} et elle en a {2}. Demandez une offre plus grande à la plateforme.");

    public static readonly ProblemCode NotWhileClosing = new("store_closing", 409,
        "The store is being deleted; nothing can be changed any more.", "La boutique est en cours de suppression ; plus rien ne peut changer.");

    public static readonly ProblemCode DefaultStoreStays = new("default_store_stays", 409,
        "The default store answers for requests that name none; it cannot be suspended or deleted.",
        "La boutique par défaut répond aux requêtes qui n'en nomment aucune ; elle ne peut être ni suspendue ni supprimée.");
}
