using Mallgram.Kernel.Problems;

namespace Mallgram.Files;

internal static class FileProblems
{
    public static readonly ProblemCode NotFound = new("file_not_found", 404,
        "There is no such file in this store.", "Ce fichier n'existe pas dans cette boutique.");

    public static readonly ProblemCode NotReady = new("file_not_ready", 409,
        "The file has not been uploaded yet, or was refused.", "Le fichier n'a pas encore été envoyé, ou a été refusé.");

    public static readonly ProblemCode UploadAddressInvalid = new("upload_address_invalid", 403,
        "This upload address is not one of ours or has expired; create the file again.",
        "Cette adresse d'envoi n'est pas l'une des nôtres ou a expiré ; créez le fichier à nouveau.");

    public static readonly ProblemCode AlreadyUploaded = new("file_already_uploaded", 409,
        "This file was uploaded or refused before; create a new one.",
        "Ce fichier a déjà été envoyé ou refusé ; créez-en un nouveau.");

    public static readonly ProblemCode Empty = new("file_empty", 422,
        "The file is empty.", "Le fichier est vide.");

    public static readonly ProblemCode TypeNotAllowed = new("file_type_not_allowed", 422,
        "By its content the file is {0}, which is not taken for {1}.",
        "D'après son contenu, le fichier est {0}, ce qui n'est pas accepté pour {1}.");

    public static readonly ProblemCode Infected = new("file_infected", 422,
        "The virus scanner found something in the file; it was deleted.",
        "L'antivirus a trouvé quelque chose dans le fichier ; il a été supprimé.");

    public static readonly ProblemCode ImageUnavailable = new("image_unavailable", 502,
        "The picture cannot be fetched right now.", "L'image ne peut pas être récupérée pour le moment.");
}
