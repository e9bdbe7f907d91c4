package dev.parley.local.template;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.events.AliasEvent;
import org.yaml.snakeyaml.events.Event;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.reader.ReaderException;

/// A template's file: YAML, of which JSON is a part, in UTF-8, without aliases, of a size that
/// CloudFormation takes.
record TemplateFile(Path file) {
  /// CloudFormation quotas, "Template body size in an S3 object".
  private static final int BYTES_MAX = 1024 * 1024;

  /// Its YAML, in which nothing is resolved yet.
  Node compose() {
    String yaml = text();
    try {
      refuseAliases(yaml);
      Node root = yaml().compose(new StringReader(yaml));
      if (root == null) {
        throw new TemplateException(file + ": this template is empty");
      }
      return root;
    } catch (MarkedYAMLException e) {
      throw notYaml(
          e.getProblem(), e.getProblemMark() == null ? 0 : e.getProblemMark().getLine() + 1);
    } catch (ReaderException e) {
      int line = yaml.codePoints().limit(e.getPosition()).map(c -> c == '\n' ? 1 : 0).sum() + 1;
      throw notYaml("it has the character U+%04X".formatted(e.getCodePoint()), line);
    } catch (YAMLException e) { // nested too deeply, which has no mark
      throw new TemplateException(file + ": not YAML that can be read: " + e.getMessage());
    }
  }

  private TemplateException notYaml(String problem, int line) {
    return new TemplateException(
        "%s: not YAML: %s (%s:%d)".formatted(file, problem, file.getFileName(), line));
  }

  private static Yaml yaml() {
    return new Yaml(new SafeConstructor(new LoaderOptions()));
  }

  private String text() {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(BYTES_MAX + 1);
      if (bytes.length > BYTES_MAX) {
        throw new TemplateException(
            "%s: larger than %d bytes, the most that CloudFormation takes"
                .formatted(file, BYTES_MAX));
      }
      String text = UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      // JSON may be indented by tabs, and has none elsewhere.
      return text.stripLeading().startsWith("{") ? text.replace('\t', ' ') : text;
    } catch (NoSuchFileException e) {
      throw new TemplateException(file + ": there is no such template");
    } catch (AccessDeniedException e) {
      throw new TemplateException(file + ": there is no permission to read this template");
    } catch (CharacterCodingException e) {
      throw new TemplateException(file + ": not UTF-8");
    } catch (IOException e) {
      throw new TemplateException(file + ": this template cannot be read: " + e.getMessage());
    }
  }

  /// CloudFormation takes none ("Template formats", CloudFormation user guide), and here one could
  /// make a value that contains itself, or a small file that has millions of values.
  private void refuseAliases(String yaml) {
    for (Event event : yaml().parse(new StringReader(yaml))) {
      if (event instanceof AliasEvent alias) {
        throw new TemplateException(
            "%s: *%s is an alias, which CloudFormation does not take (%s:%d)"
                .formatted(
                    file,
                    alias.getAnchor(),
                    file.getFileName(),
                    alias.getStartMark().getLine() + 1));
      }
    }
  }
}
